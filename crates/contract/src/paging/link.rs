//! `Link` fields (RFC 8288 §3): the target whose relation is `next`.

use http::HeaderMap;
use http::header::LINK;

/// Links of one answer that are looked at.
const MOST: usize = 64;

/// The reference with `rel=next`, from the first link that has it.
pub(super) fn next(fields: &HeaderMap) -> Option<String> {
    let lines = fields.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(links).take(MOST).find(|(_, is_next)| *is_next).map(|(target, _)| target.to_owned())
}

/// The links of one field value, with whether each is a next one (RFC 8288 §3, appendix B.2).
fn links(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let (is_next, left) = parameters(after);
        rest = left;
        Some((target, is_next))
    })
}

/// Reads parameters up to the comma that ends a link; of several `rel` the first counts (RFC 8288 §3.3).
fn parameters(text: &str) -> (bool, &str) {
    let mut rest = text;
    let (mut is_next, mut told, mut of_other) = (false, false, false);
    while let Some(after) = rest.trim_start().strip_prefix(';') {
        let end = after.find(['=', ';', ',']).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let Some(after) = after.strip_prefix('=') else {
            rest = after;
            continue;
        };
        let (value, left) = value(after.trim_start());
        rest = left;
        match name.trim().to_ascii_lowercase().as_str() {
            "rel" if !told => {
                told = true;
                is_next = value.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("next"));
            }
            // RFC 8288 §3.2: a link of another resource says nothing of this list.
            "anchor" => of_other = true,
            _ => {}
        }
    }
    (is_next && !of_other, rest)
}

/// A token, or a quoted string without its quotes.
fn value(text: &str) -> (&str, &str) {
    let Some(inside) = text.strip_prefix('"') else {
        return text.split_at(text.find([';', ',']).unwrap_or(text.len()));
    };
    let mut escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return (&inside[..at], &inside[at + 1..]),
            _ => escaped = byte == b'\\' && !escaped,
        }
    }
    (inside, "")
}

#[cfg(test)]
mod tests {
    use super::next;
    use http::HeaderMap;
    use http::header::LINK;

    #[test]
    fn the_next_one_is_found_among_links() {
        for (lines, expected) in [
            (vec!["<https://a.example/?p=2>; rel=\"next\""], Some("https://a.example/?p=2")),
            (vec!["</?p=1>; rel=prev, </?p=3>; rel=next"], Some("/?p=3")),
            (
                vec!["</a,b;c>; title=\"x, \\\"<y>\\\"; rel=next\"; rel=\"prev\", </2>;REL=\"last Next\""],
                Some("/2"),
            ),
            (vec!["</1>; rel=self", "</2>; rel=next"], Some("/2")),
            (vec!["</1>; rel=prev; rel=next"], None),
            (vec!["</1>; rel=next; anchor=\"/other\""], None),
            (vec!["<?cursor=b>; rel=\"next\""], Some("?cursor=b")),
            (vec!["</1>; rel=nextish"], None),
            (vec!["nonsense", "<", "</1>", "</1>; rel=\"next"], Some("/1")),
            (vec![], None),
        ] {
            let mut fields = HeaderMap::new();
            for line in &lines {
                fields.append(LINK, line.parse().unwrap());
            }
            assert_eq!(next(&fields).as_deref(), expected, "{lines:?}");
        }
    }
}
