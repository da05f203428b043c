//! Numbers that look random and are the same for the same seed: splitmix64.
//!
//! For made-up data only; keys are made from the system's entropy elsewhere.
//! Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (2014).

/// A row of numbers that begins with a seed.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A row that belongs to several numbers at once, in their order.
    pub(crate) fn of(parts: &[u64]) -> Self {
        Self(parts.iter().fold(0x5157_4954_4348, |state, part| Self(state ^ part).next()))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        let wide = u64::from(bound) * (self.next() >> 32);
        u32::try_from(wide >> 32).unwrap_or(0)
    }

    /// A number from 0 up to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        f64::from(self.below(1_000_000)) / 1_000_000.0
    }

    /// One of several; `None` only when there are none.
    pub(crate) fn one_of<'a, T>(&mut self, many: &'a [T]) -> Option<&'a T> {
        let count = u32::try_from(many.len()).unwrap_or(u32::MAX);
        many.get(usize::try_from(self.below(count)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_seed_gives_its_row_and_no_other() {
        let row = |seed| (0..4).scan(Random::new(seed), |random, _| Some(random.next())).collect::<Vec<_>>();
        assert_eq!(row(0)[0], 0xe220_a839_7b1d_cdaf, "the published first number of seed 0");
        assert_eq!(row(7), row(7));
        assert_ne!(row(7), row(8));
    }

    #[test]
    fn a_bound_is_kept() {
        let mut random = Random::new(1);
        assert!((0..1_000).all(|_| random.below(7) < 7));
        assert_eq!(random.below(0), 0);
    }
}
