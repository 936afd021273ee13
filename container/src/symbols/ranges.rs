//! What is known about which addresses of a module.

use std::collections::BTreeMap;

/// An end that is not included may be 2^64.
pub type End = u128;

/// Disjoint ranges [start, end) of addresses, each with a value.
#[derive(Debug)]
pub struct Ranges<T>(BTreeMap<u64, (End, T)>);

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Ranges(BTreeMap::new())
    }
}

impl<T: Clone> Ranges<T> {
    /// The value of the range that holds `address`.
    pub fn get(&self, address: u64) -> Option<&T> {
        let (_, (end, value)) = self.0.range(..=address).next_back()?;
        (*end > address.into()).then_some(value)
    }

    /// Gives [start, end) the value where it has none yet: what was there stays, because it answers the same.
    pub fn insert(&mut self, start: u64, end: End, value: &T) {
        let mut at = End::from(start);
        while at < end {
            // A range begins below 2^64.
            let Ok(free) = u64::try_from(at) else { return };
            if let Some((covered, _)) = self.0.range(..=free).next_back().map(|(_, range)| range)
                && *covered > at
            {
                at = *covered;
                continue;
            }
            let next = self.0.range(free..).next().map_or(end, |(next, _)| End::from(*next).min(end));
            self.0.insert(free, (next, value.clone()));
            at = next;
        }
    }

    /// Forgets the ranges whose value is refused.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.0.retain(|_, (_, value)| keep(value));
    }

    /// The ranges that have this value.
    pub fn ranges_of(&self, value: &T) -> Vec<(u64, End)>
    where
        T: PartialEq,
    {
        let of_value = self.0.iter().filter(|(_, (_, other))| other == value);
        of_value.map(|(start, (end, _))| (*start, *end)).collect()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_fills_the_gaps_between_those_that_are_there() {
        let mut ranges = Ranges::default();
        ranges.insert(10, 20, &'a');
        ranges.insert(30, 40, &'b');
        ranges.insert(0, 50, &'c');
        let found: String =
            [0, 9, 10, 19, 20, 29, 30, 39, 40, 49].map(|at| ranges.get(at).copied().unwrap_or('-')).iter().collect();
        assert_eq!(found, "ccaaccbbcc");
        assert_eq!(ranges.get(50), None);
        ranges.retain(|value| *value != 'c');
        assert_eq!((ranges.get(9), ranges.get(10)), (None, Some(&'a')));
    }

    #[test]
    fn the_last_address_of_all_has_an_end_too() {
        let mut ranges = Ranges::default();
        ranges.insert(u64::MAX, 1 << 64, &1);
        ranges.insert(5, 1 << 64, &2);
        assert_eq!((ranges.get(u64::MAX), ranges.get(u64::MAX - 1), ranges.get(4)), (Some(&1), Some(&2), None));
    }
}
