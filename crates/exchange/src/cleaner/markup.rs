//! XML and HTML: what stands in an element of such a name is hidden (XML 1.0 §3); attributes are found where they stand loose.

use super::Cleaner;

/// Hides the content of elements by their names, whatever their prefix.
pub(super) fn elements(cleaner: &Cleaner<'_>, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let (before, from) = rest.split_at(open + 1);
        out.push_str(before);
        rest = from;
        let end = from.find(|letter: char| !(letter.is_alphanumeric() || "_-.:".contains(letter)));
        let name = &from[..end.unwrap_or(from.len())];
        let local = name.rsplit(':').next().unwrap_or(name);
        if local.is_empty() || !cleaner.hides(local) {
            continue;
        }
        // The tag itself stays: its attributes are looked at by themselves.
        let Some(close) = from.find('>') else { continue };
        if from[..close].ends_with('/') {
            continue;
        }
        let (tag, content) = from.split_at(close + 1);
        let end = content.find(&format!("</{name}")).unwrap_or(content.len());
        out.push_str(tag);
        if end > 0 {
            let text = content[..end].trim();
            let text =
                text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>")).unwrap_or(text);
            out.push_str(cleaner.hide(text));
        }
        rest = &content[end..];
    }
    out.push_str(rest);
    out
}
