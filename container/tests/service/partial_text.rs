//! Cuts partial symbol files out of whole ones, the plain way: the whole file is read, and of each kind of record the ones at the address are kept.

use std::collections::BTreeSet;
use std::fmt::Write;

/// FUNC or STACK CFI INIT with the lines that follow it.
struct Group {
    start: u64,
    end: u64,
    lines: String,
}

pub struct WholeFile {
    module: String,
    /// FILE and INLINE_ORIGIN records.
    tables: String,
    functions: Vec<Group>,
    frames: Vec<Group>,
    /// Address, name, line.
    publics: Vec<(u64, String, String)>,
    /// Where an answer may become another.
    borders: BTreeSet<u64>,
}

impl WholeFile {
    pub fn parse(text: &str) -> WholeFile {
        let mut whole = WholeFile {
            module: String::new(),
            tables: String::new(),
            functions: Vec::new(),
            frames: Vec::new(),
            publics: Vec::new(),
            borders: BTreeSet::from([0]),
        };
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let hex = |at: usize| u64::from_str_radix(words[at], 16).unwrap();
            let group = |at: usize| Group { start: hex(at), end: hex(at) + hex(at + 1), lines: format!("{line}\n") };
            match (words[0], words.get(2)) {
                ("MODULE", _) => whole.module = format!("{line}\n"),
                ("FILE" | "INLINE_ORIGIN", _) => writeln!(whole.tables, "{line}").unwrap(),
                ("FUNC", _) => whole.functions.push(group(if words[1] == "m" { 2 } else { 1 })),
                ("PUBLIC", _) => {
                    let at = if words[1] == "m" { 2 } else { 1 };
                    whole.publics.push((hex(at), words[at + 2..].join(" "), format!("{line}\n")));
                }
                ("STACK", Some(&"INIT")) => whole.frames.push(group(3)),
                ("STACK", _) => writeln!(whole.frames.last_mut().unwrap().lines, "{line}").unwrap(),
                ("INFO", _) => {}
                _ => writeln!(whole.functions.last_mut().unwrap().lines, "{line}").unwrap(),
            }
        }
        for groups in [&mut whole.functions, &mut whole.frames] {
            keep_as_stock(groups);
            whole.borders.extend(groups.iter().flat_map(|group| [group.start, group.end]));
        }
        whole.publics.sort();
        whole.borders.extend(whole.publics.iter().map(|(address, ..)| *address));
        whole
    }

    /// A sym file with the records at the addresses, and where it holds.
    pub fn part(&self, addresses: &[u64]) -> (String, Vec<(u64, u128)>) {
        let (mut functions, mut frames, mut publics) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut ranges = BTreeSet::new();
        for address in addresses {
            let start = *self.borders.range(..=*address).next_back().unwrap();
            let end = self.borders.range(address + 1..).next().map_or(1 << 64, |end| u128::from(*end));
            ranges.insert((start, end));
            // The one at the address, or the one before it: a PUBLIC does not reach over it.
            functions.extend(self.functions.partition_point(|group| group.start <= *address).checked_sub(1));
            frames.extend(self.frames.partition_point(|group| group.start <= *address).checked_sub(1));
            publics.extend(self.publics.partition_point(|(public, ..)| public <= address).checked_sub(1));
        }
        let mut text = self.module.clone();
        if !functions.is_empty() {
            text.push_str(&self.tables);
        }
        text.extend(functions.into_iter().map(|at| self.functions[at].lines.as_str()));
        text.extend(publics.into_iter().map(|at| self.publics[at].2.as_str()));
        text.extend(frames.into_iter().map(|at| self.frames[at].lines.as_str()));
        (text, ranges.into_iter().collect())
    }
}

/// Of overlapping ranges the stock reader keeps the one that starts first, of those the shortest.
fn keep_as_stock(groups: &mut Vec<Group>) {
    groups.sort_by_key(|group| (group.start, group.end));
    let mut kept_end = 0;
    groups.retain(|group| {
        let keep = group.end > group.start && group.start >= kept_end;
        if keep {
            kept_end = group.end;
        }
        keep
    });
}
