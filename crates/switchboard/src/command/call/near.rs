//! "Did you mean": the known name that is nearest to what was written.

/// `did you mean …?`, if something is near enough.
pub(crate) fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    Some(format!("did you mean `{}`?", crate::command::nearest(word, known)?))
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = || ["latitude", "longitude", "current_weather"].into_iter();
        assert_eq!(meant("lattitude", known()).as_deref(), Some("did you mean `latitude`?"));
        assert_eq!(meant("Latitude", known()).as_deref(), Some("did you mean `latitude`?"));
        assert_eq!(meant("zzz", known()), None);
    }
}
