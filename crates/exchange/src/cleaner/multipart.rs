//! Multipart bodies: a part is hidden by its name, or cleaned as what its own type says it is (RFC 2046 §5.1, RFC 7578).

use super::Cleaner;

/// Each part by itself. A body without a boundary is one text.
pub(super) fn parts(cleaner: &Cleaner<'_>, media: &str, text: &str) -> String {
    let Some(boundary) = parameter(media, "boundary").filter(|boundary| !boundary.is_empty()) else {
        return cleaner.of_media("text/plain", text);
    };
    let mark = format!("--{boundary}");
    let clean: Vec<String> = text.split(&*mark).map(|one| part(cleaner, one)).collect();
    clean.join(&mark)
}

fn part(cleaner: &Cleaner<'_>, text: &str) -> String {
    let cut = ["\r\n\r\n", "\n\n"].iter().filter_map(|gap| Some((text.find(gap)?, gap.len()))).min();
    let Some((end, gap)) = cut else { return text.to_owned() };
    let (head, body) = text.split_at(end + gap);
    let field = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find_map(|(own, value)| own.trim().eq_ignore_ascii_case(name).then(|| value.trim()))
    };
    let name = field("content-disposition").and_then(|value| parameter(value, "name")).unwrap_or_default();
    let body = if cleaner.hides(&name) {
        let content = body.trim_end_matches(['\r', '\n']);
        format!("{}{}", cleaner.hide(content), &body[content.len()..])
    } else {
        // A part within a part would need its own boundary: it is looked at as text.
        let media = field("content-type").filter(|media| !media.starts_with("multipart/"));
        cleaner.of_media(media.unwrap_or("text/plain"), body)
    };
    format!("{head}{body}")
}

/// A parameter of a field's value, without its quotes.
fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).filter_map(|pair| pair.split_once('=')).find_map(|(own, value)| {
        own.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}
