//! The value of `-F` after `NAME=`, read as curl reads it: `"quoted"` content, `;type=`, `;filename=`, blanks round them.
//!
//! A media type keeps its parameters (`type=text/plain; charset=utf-8`): a setting that is none belongs to it.

use crate::exit::Failure;

/// What the value says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// The content, or the file's name after `@` and `<`.
    pub(super) content: String,
    pub(super) media: Option<String>,
    pub(super) shown: Option<String>,
    /// A comma ended it: another file follows in the same part.
    pub(super) more: Option<String>,
}

/// Reads a value; `many`: a comma ends a file's name.
pub(super) fn read(text: &str, many: bool) -> Result<Words, Failure> {
    let mut rest = text;
    let ends = |letter: char| letter == ';' || (many && letter == ',');
    let mut words = Words { content: word(&mut rest, ends), ..Words::default() };
    // Whether what follows may be a parameter of the media type.
    let mut in_media = false;
    while let Some(after) = rest.strip_prefix(';') {
        rest = after.trim_start();
        if let Some(value) = rest.strip_prefix("type=").filter(|_| !in_media) {
            rest = value.trim_start();
            words.media = Some(until(&mut rest, ends).trim_end().to_owned());
            in_media = true;
        } else if let Some(value) = rest.strip_prefix("filename=") {
            rest = value;
            words.shown = Some(word(&mut rest, ends));
            in_media = false;
        } else if let Some(media) = words.media.as_mut().filter(|_| in_media) {
            let blanks = &after[..after.len() - rest.len()];
            media.extend([";", blanks, until(&mut rest, ends).trim_end()]);
        } else {
            let unknown = until(&mut rest, ends);
            return Err(Failure::usage(format!("`;{unknown}` is no setting of a form's part")).help(
                "to mean a semicolon itself: quote it, `-F 'NAME=\"a;b\"'`, or `--form-string NAME=TEXT`",
            ));
        }
    }
    words.more = rest.strip_prefix(',').map(str::to_owned);
    Ok(words)
}

/// Takes what stands before an end.
fn until<'t>(rest: &mut &'t str, ends: impl Fn(char) -> bool) -> &'t str {
    let (taken, left) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
    *rest = left;
    taken
}

/// Takes a word: quoted with `\"` and `\\` in it, or up to an end without the blanks round it.
fn word(rest: &mut &str, ends: impl Fn(char) -> bool) -> String {
    *rest = rest.trim_start();
    if let Some(quoted) = rest.strip_prefix('"') {
        let (mut text, mut letters) = (String::new(), quoted.char_indices());
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    *rest = &quoted[at + 1..];
                    // curl passes over what follows the quote.
                    until(rest, ends);
                    return text;
                }
                '\\' if quoted[at + 1..].starts_with(['"', '\\']) => {
                    text.extend(letters.next().map(|(_, letter)| letter));
                }
                letter => text.push(letter),
            }
        }
    }
    // A quote that is not closed is a letter like others.
    until(rest, ends).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn values_are_read_as_curl_reads_them() {
        for (text, content, media, shown) in [
            ("x", "x", None, None),
            (" x ;type= a/b ", "x", Some("a/b"), None),
            ("\"a;b\";type=t/x", "a;b", Some("t/x"), None),
            ("\"b\\\"c\\\\d\\e\"", "b\"c\\d\\e", None, None),
            ("\"open;type=a/b", "\"open", Some("a/b"), None),
            (
                "@f;type=text/plain; charset=utf-8;filename=\"a b\"",
                "@f",
                Some("text/plain; charset=utf-8"),
                Some("a b"),
            ),
            ("@f;filename=q\"r;type=a/b", "@f", Some("a/b"), Some("q\"r")),
        ] {
            let words = read(text, false).unwrap();
            assert_eq!(words.content, content, "{text}");
            assert_eq!((words.media.as_deref(), words.shown.as_deref()), (media, shown), "{text}");
        }
        assert!(read("x;y=z", false).is_err());
        assert_eq!(read("a;type=t/x,b;c", true).unwrap().more.as_deref(), Some("b;c"));
        assert_eq!(read("\"a,b\"", true).unwrap().content, "a,b");
        assert_eq!(read("a,b", false).unwrap().more, None);
    }
}
