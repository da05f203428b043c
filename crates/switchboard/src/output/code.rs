//! A request as code, one file for each language. Run it, and the same request is sent.

pub(crate) mod curl;
pub(crate) mod go;
pub(crate) mod har;
pub(crate) mod httpie;
pub(crate) mod javascript;
pub(crate) mod python;
pub(crate) mod recipe;
pub(crate) mod rust;

/// What would end a double-quoted text or be filled in by the shell (POSIX.1-2017, Shell, §2.2.3).
fn within_quotes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '"' | '\\' | '$' | '`') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}
