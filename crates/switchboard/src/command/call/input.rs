//! What a command line names to be read: files, and standard input only where `-` asks for it. Bounded.

use crate::exit::Failure;
use std::io::Read;

/// The largest content that is held in memory for a request.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The bytes of a file; `-` is standard input.
pub(crate) fn bytes(name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if name == "-" {
        std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(name).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::usage(format!("`{name}` is larger than 256 MiB"))
            .help("send it as a file part, which is streamed: `-F name=@FILE`"));
    }
    Ok(bytes)
}

/// The text of a file as it is; `-` is standard input.
pub(crate) fn whole_text(name: &str) -> Result<String, Failure> {
    String::from_utf8(bytes(name)?)
        .map_err(|_| Failure::usage(format!("`{name}` is not UTF-8: send it as a file, `name@{name}`")))
}

/// The text of a file, without the line end at its end; `-` is standard input.
pub(crate) fn text(name: &str) -> Result<String, Failure> {
    let mut text = whole_text(name)?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// The size of a regular file that will be streamed.
pub(crate) fn size(name: &str) -> Result<u64, Failure> {
    let found = std::fs::metadata(name).map_err(|error| unreadable(name, &error))?;
    if found.is_file() {
        Ok(found.len())
    } else {
        Err(Failure::usage(format!("`{name}` is no regular file")))
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> Failure {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    Failure::usage(format!("`{name}` cannot be read: {why}"))
}
