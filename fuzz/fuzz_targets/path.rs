//! Any text as a path: refused, or normalised once and for all; a second time changes nothing.
#![no_main]

use board::NormalPath;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(path) = NormalPath::parse(text) else {
        return;
    };
    let normal = path.as_str();
    assert_eq!(NormalPath::parse(normal).as_ref(), Ok(&path), "parsed twice");
    assert!(normal.starts_with('/') && normal.len() <= text.len());
    // What a provider could read as a step upwards or as a delimiter is gone.
    assert!(normal.split('/').all(|segment| segment != "." && segment != ".."));
    for escaped in ["%2F", "%5C", "%3B", "%3F", "%23", "%00", "%2E"] {
        assert!(!normal.contains(escaped), "{escaped} is left in {normal}");
    }
    assert_eq!(path.below(""), Some(normal));
});
