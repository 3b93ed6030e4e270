//! Numbers by chance, the same for the same seed.

use pimkit_contract::SeededChance;
use pimkit_core::Chance;

/// What a plan is thrown with.
#[derive(Debug)]
pub(crate) struct Dice {
    chance: SeededChance,
}

impl Dice {
    /// The throws of this seed. `salt` keeps apart what is thrown for different purposes.
    pub(crate) fn new(seed: u64, salt: u64) -> Self {
        let chance = SeededChance::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt);
        let _warm = chance.next();
        Self { chance }
    }

    /// A number below `end`; 0 when that is 0.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.chance.next().checked_rem(end).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in so many of a hundred throws.
    pub(crate) fn percent(&self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of them; `None` of none.
    pub(crate) fn one<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        of.get(usize::try_from(self.below(of.len() as u64)).unwrap_or(0))
    }

    /// A small number for later picking.
    pub(crate) fn pick(&self) -> u32 {
        u32::try_from(self.below(1 << 16)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_salt_throw_the_same() {
        let throws = |seed, salt| {
            let dice = Dice::new(seed, salt);
            (0..20).map(|_| dice.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(throws(1, 2), throws(1, 2));
        assert_ne!(throws(1, 2), throws(1, 3));
        assert_ne!(throws(1, 2), throws(2, 2));
    }
}
