//! "Did you mean": the known name that is nearest to what was written.

/// `did you mean …?`, if something is near enough.
pub(crate) fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let lower = word.to_lowercase();
    let (distance, best) = known
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .min_by_key(|(distance, _)| *distance)?;
    let near = distance <= 1 + best.chars().count().max(word.chars().count()) / 4;
    near.then(|| format!("did you mean `{best}`?"))
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
