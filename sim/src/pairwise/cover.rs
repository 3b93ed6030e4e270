//! A covering array: rows of values, one for each axis, so that every pair of values of two axes is in
//! some row. Greedy, and the same each time.
//!
//! Some rows are refused. One that a third value spoils does not count: the value gives way, until the
//! pair is in a row that is accepted, or nothing helps and the pair is refused by itself.

use std::collections::BTreeSet;

/// By axis, which of its values.
pub(crate) type Row = Vec<usize>;

/// A value of an axis: the numbers of both.
pub(crate) type At = (usize, usize);

/// Two values of two axes; the smaller axis first.
pub(crate) type Pair = (At, At);

/// Why a row is refused; nothing when it is accepted.
pub(crate) type Rules<'a> = &'a dyn Fn(&[usize]) -> Option<String>;

/// So many rows are tried for each that is taken.
const TRIES: usize = 24;
/// So many values give way at most, in so many ways, until a pair is given up.
const DEEP: usize = 6;
const WAYS: usize = 40;

/// The rows, and what cannot be in one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cover {
    pub(crate) rows: Vec<Row>,
    /// Pairs that no row may have.
    pub(crate) refused: Vec<Pair>,
    /// Pairs in all.
    pub(crate) pairs: usize,
}

/// Every pair of values of two axes, in order.
pub(crate) fn pairs(sizes: &[usize]) -> BTreeSet<Pair> {
    let values = |axis: usize| (0..sizes.get(axis).copied().unwrap_or(0)).map(move |value| (axis, value));
    let mut all = BTreeSet::new();
    for a in 0..sizes.len() {
        for b in a + 1..sizes.len() {
            all.extend(values(a).flat_map(|x| values(b).map(move |y| (x, y))));
        }
    }
    all
}

/// The pairs that a row has.
pub(crate) fn pairs_of(row: &[usize]) -> impl Iterator<Item = Pair> + '_ {
    let values = || row.iter().copied().enumerate();
    values().flat_map(move |x| values().skip(x.0 + 1).map(move |y| (x, y)))
}

/// The rows that differ in one value, and in which axis.
fn neighbours<'a>(sizes: &'a [usize], row: &'a [usize]) -> impl Iterator<Item = (usize, Row)> + 'a {
    sizes.iter().copied().enumerate().flat_map(move |(axis, size)| {
        (0..size).filter(move |value| row.get(axis) != Some(value)).map(move |value| {
            let mut other = row.to_vec();
            if let Some(place) = other.get_mut(axis) {
                *place = value;
            }
            (axis, other)
        })
    })
}

/// Covers all pairs of axes of these sizes. `plain` is a row that is accepted: what is refused beside nothing but its values
/// is refused by itself.
pub(crate) fn cover(sizes: &[usize], plain: &[usize], rules: Rules<'_>) -> Cover {
    let mut open = pairs(sizes);
    let mut covering = Covering { sizes, plain, rules, chance: 1, known: BTreeSet::new() };
    let mut cover = Cover { pairs: open.len(), ..Cover::default() };
    while let Some(pair) = open.first().copied() {
        match covering.row(pair, &open) {
            Some(row) => {
                for pair in pairs_of(&row) {
                    open.remove(&pair);
                }
                cover.rows.push(row);
            }
            None => {
                open.remove(&pair);
                cover.refused.push(pair);
            }
        }
    }
    cover
}

struct Covering<'a> {
    sizes: &'a [usize],
    plain: &'a [usize],
    rules: Rules<'a>,
    chance: u64,
    /// Values that were refused together: no row is begun with them again.
    known: BTreeSet<Vec<At>>,
}

impl Covering<'_> {
    /// An accepted row with this pair, and with as many of the open ones as can be found; nothing when every
    /// such row is refused.
    fn row(&mut self, pair: Pair, open: &BTreeSet<Pair>) -> Option<Row> {
        let fixed = BTreeSet::from([pair.0.0, pair.1.0]);
        let mut alone = self.plain.to_vec();
        for (axis, value) in [pair.0, pair.1] {
            if let Some(place) = alone.get_mut(axis) {
                *place = value;
            }
        }
        let mut best = self.accepted(alone, &fixed, DEEP, &mut BTreeSet::new())?;
        let gain = |row: &Row| pairs_of(row).filter(|p| open.contains(p)).count();
        for _ in 0..TRIES {
            let row = self.greedy(pair, open);
            if let Some(row) = self.accepted(row, &fixed, DEEP, &mut BTreeSet::new())
                && gain(&row) > gain(&best)
            {
                best = row;
            }
        }
        Some(best)
    }

    fn throw(&mut self, below: usize) -> usize {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.chance >> 33).unwrap_or(0).checked_rem(below).unwrap_or(0)
    }

    /// A row with this pair, filled axis by axis with the value that has the most open pairs with those before it.
    fn greedy(&mut self, pair: Pair, open: &BTreeSet<Pair>) -> Row {
        let mut axes: Vec<usize> = (0..self.sizes.len()).filter(|axis| *axis != pair.0.0 && *axis != pair.1.0).collect();
        for n in (1..axes.len()).rev() {
            let other = self.throw(n + 1);
            axes.swap(n, other);
        }
        let mut set: Vec<At> = vec![pair.0, pair.1];
        for axis in axes {
            let size = self.sizes.get(axis).copied().unwrap_or(1);
            let first = self.throw(size);
            let gain = |value: usize| {
                let new = (axis, value);
                let goes = !self.known.iter().any(|all| all.contains(&new) && all.iter().all(|at| *at == new || set.contains(at)));
                (goes, set.iter().filter(|old| open.contains(&if **old < new { (**old, new) } else { (new, **old) })).count())
            };
            let value = (0..size).map(|n| (first + n) % size).max_by_key(|value| gain(*value)).unwrap_or(0);
            set.push((axis, value));
        }
        set.sort_unstable();
        set.into_iter().map(|(_, value)| value).collect()
    }

    /// The row, or the nearest one that is accepted: values that a refusal is about give way, but for the fixed axes.
    fn accepted(&mut self, row: Row, fixed: &BTreeSet<usize>, deep: usize, tried: &mut BTreeSet<Row>) -> Option<Row> {
        let Some(sentence) = (self.rules)(&row) else { return Some(row) };
        if deep == 0 {
            return None;
        }
        // With another value of one of these axes the sentence is not said.
        let mut lifted: Vec<(bool, usize, Row)> = Vec::new();
        for (axis, other) in neighbours(self.sizes, &row) {
            let says = (self.rules)(&other);
            if says.as_deref() != Some(sentence.as_str()) {
                lifted.push((says.is_some(), axis, other));
            }
        }
        let about: BTreeSet<usize> = lifted.iter().map(|(_, axis, _)| *axis).collect();
        self.known.insert(about.iter().filter_map(|axis| Some((*axis, *row.get(*axis)?))).collect());
        // Those that are accepted at once come first.
        lifted.sort_by_key(|(refused, ..)| *refused);
        for (_, axis, other) in lifted {
            if !fixed.contains(&axis) && tried.len() < WAYS && tried.insert(other.clone()) {
                let found = self.accepted(other, fixed, deep - 1, tried);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(cover: &Cover) -> BTreeSet<Pair> {
        cover.rows.iter().flat_map(|row| pairs_of(row).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn every_pair_is_in_some_row_and_the_rows_are_few_and_the_same_each_time() {
        let sizes = [4, 4, 3, 2, 6, 2, 3, 3, 2];
        let found = cover(&sizes, &[0; 9], &|_| None);
        assert_eq!(covered(&found), pairs(&sizes));
        assert_eq!((found.pairs, found.refused.len()), (pairs(&sizes).len(), 0));
        // Six by four values need 24 rows.
        assert!((24..=30).contains(&found.rows.len()), "{}", found.rows.len());
        assert_eq!(found, cover(&sizes, &[0; 9], &|_| None));
    }

    #[test]
    fn pairs_are_those_of_two_axes() {
        assert_eq!(pairs(&[2, 3, 1]).len(), 6 + 2 + 3);
        assert_eq!(pairs_of(&[1, 0, 2]).collect::<Vec<_>>(), [((0, 1), (1, 0)), ((0, 1), (2, 2)), ((1, 0), (2, 2))]);
    }

    #[test]
    fn a_pair_that_is_refused_by_itself_is_told_and_costs_no_other_pair() {
        let rules: Rules<'_> = &|row| (row[0] == 1 && row[1] == 0).then(|| "a1 and b0".to_owned());
        let sizes = [2, 2, 3];
        let found = cover(&sizes, &vec![0; sizes.len()], rules);
        let refused = ((0, 1), (1, 0));
        assert_eq!(found.refused, [refused]);
        let mut all = pairs(&sizes);
        all.remove(&refused);
        assert_eq!(covered(&found), all);
        assert!(found.rows.iter().all(|row| rules(row).is_none()));
    }

    #[test]
    fn a_value_that_asks_for_a_third_one_gets_it_and_is_refused_where_that_is_refused() {
        // c1 needs b1, and b1 goes not with a1: so c1 goes not with a1 either, and not with b0.
        let rules: Rules<'_> = &|row| match row {
            [_, 0, 1, ..] => Some("c1 needs b1".to_owned()),
            [1, 1, ..] => Some("b1 goes not with a1".to_owned()),
            _ => None,
        };
        let sizes = [2, 2, 2, 4];
        let found = cover(&sizes, &vec![0; sizes.len()], rules);
        let refused: BTreeSet<Pair> = found.refused.iter().copied().collect();
        assert_eq!(refused, BTreeSet::from([((0, 1), (1, 1)), ((0, 1), (2, 1)), ((1, 0), (2, 1))]));
        assert_eq!(covered(&found), &pairs(&sizes) - &refused);
    }
}
