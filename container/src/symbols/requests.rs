//! What a walk still wants to know, and how that becomes requests: one at a time, each with all that was wanted meanwhile.

use std::collections::{HashMap, HashSet, VecDeque};

use super::answer::AskedModule;
use super::cache::PartialCache;
use super::key::SymKey;
use super::module::{Known, Lookup, ModuleSymbols, Taken};
use super::server::{Answered, ServerFault};
use super::stack_words::{ModuleAddress, StackWords};
use crate::limits::{MAX_ASKED_ADDRESSES, MAX_ASKED_MODULES, MAX_STACK_WORDS, MAX_TORN_WALKS};
use crate::log;

/// Why the walk must not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// Symbols were replaced by others after the walk had used them: it starts again.
    Torn,
    /// The server has the symbols and is not ready to answer.
    Indexing { retry_after_seconds: u64 },
}

/// One request.
pub struct Batch {
    pub modules: Vec<AskedModule>,
    parts: Vec<BatchPart>,
    /// Whether stack words ride along.
    has_words: bool,
}

struct BatchPart {
    module: usize,
    wanted: Vec<u64>,
}

/// The symbols of all modules of a walk.
pub struct WalkSymbols {
    pub modules: Vec<ModuleSymbols>,
    numbers: HashMap<SymKey, usize>,
    wanted: VecDeque<ModuleAddress>,
    words: StackWords,
    words_asked: HashSet<ModuleAddress>,
    is_first: bool,
    /// The last request left out what was wanted: the next one has no stack words.
    is_bare: bool,
    is_down: bool,
    accepts_indexing: bool,
    text_left: u64,
    torn: u32,
    pub interruption: Option<Interruption>,
    pub requests: u32,
    pub wire_bytes: u64,
}

impl WalkSymbols {
    /// `accepts_indexing`: a module whose index is being built counts as unavailable, instead of ending the walk.
    pub fn new(text_bytes: u64, accepts_indexing: bool) -> WalkSymbols {
        WalkSymbols {
            modules: Vec::new(),
            numbers: HashMap::new(),
            wanted: VecDeque::new(),
            words: StackWords::default(),
            words_asked: HashSet::new(),
            is_first: true,
            is_bare: false,
            is_down: false,
            accepts_indexing,
            text_left: text_bytes,
            torn: 0,
            interruption: None,
            requests: 0,
            wire_bytes: 0,
        }
    }

    /// The number of a module in this walk.
    pub fn number(&mut self, key: SymKey, cache: &PartialCache) -> usize {
        *self.numbers.entry(key).or_insert_with_key(|key| {
            self.modules.push(ModuleSymbols::new(key.clone(), cache));
            self.modules.len() - 1
        })
    }

    /// Wants the instruction pointers, and remembers the stacks.
    pub fn prefetch(&mut self, pointers: &[ModuleAddress], words: StackWords, cache: &PartialCache) {
        self.words = words;
        for pointer in pointers {
            self.lookup(*pointer, cache);
        }
    }

    /// What there is for an address; where it must be asked for, it is wanted from now on.
    pub fn lookup(&mut self, (number, address): ModuleAddress, cache: &PartialCache) -> Lookup {
        let module = &mut self.modules[number];
        let found = module.lookup(address, cache, &mut self.text_left);
        match found {
            Lookup::Ask if self.is_down => {
                unavailable(module, address);
                match module.lookup(address, cache, &mut self.text_left) {
                    Lookup::Ask => Lookup::NoSymbols,
                    found => found,
                }
            }
            Lookup::Ask => {
                if module.waiting.insert(address) {
                    self.wanted.push_back((number, address));
                }
                Lookup::Ask
            }
            Lookup::Symbols(_) | Lookup::NoSymbols => found,
        }
    }

    /// The next request; `None` when nothing is wanted.
    pub fn next_batch(&mut self, cache: &PartialCache) -> Option<Batch> {
        let mut parts: Vec<BatchPart> = Vec::new();
        let mut addresses: Vec<Vec<u64>> = Vec::new();
        let mut places: HashMap<usize, usize> = HashMap::new();
        let mut wanted = Vec::new();
        while wanted.len() < MAX_ASKED_ADDRESSES && parts.len() < MAX_ASKED_MODULES {
            let Some((number, address)) = self.wanted.pop_front() else { break };
            let module = &mut self.modules[number];
            if !matches!(module.lookup(address, cache, &mut self.text_left), Lookup::Ask) {
                module.waiting.remove(&address);
                continue;
            }
            let place = *places.entry(number).or_insert_with(|| {
                parts.push(BatchPart { module: number, wanted: Vec::new() });
                addresses.push(Vec::new());
                parts.len() - 1
            });
            parts[place].wanted.push(address);
            // Where the cache has it, only the etag is asked for.
            if !module.is_kept(address) {
                addresses[place].push(address);
            }
            wanted.push((number, address));
        }
        if parts.is_empty() {
            return None;
        }
        // Along with it: what the cache has and the server must confirm.
        for (number, module) in self.modules.iter().enumerate() {
            if module.must_be_confirmed() && parts.len() < MAX_ASKED_MODULES {
                places.entry(number).or_insert_with(|| {
                    parts.push(BatchPart { module: number, wanted: Vec::new() });
                    addresses.push(Vec::new());
                    parts.len() - 1
                });
            }
        }
        let words = if self.is_bare { Vec::new() } else { self.next_words(&wanted) };
        for (number, address) in &words {
            let place = match places.get(number) {
                Some(place) => *place,
                None if parts.len() >= MAX_ASKED_MODULES => continue,
                None => {
                    parts.push(BatchPart { module: *number, wanted: Vec::new() });
                    addresses.push(Vec::new());
                    *places.entry(*number).or_insert(parts.len() - 1)
                }
            };
            addresses[place].push(*address);
        }
        let modules = parts.iter().zip(addresses).map(|(part, addresses)| {
            let key = &self.modules[part.module].key;
            let addresses = addresses.iter().map(|address| format!("{address:x}")).collect();
            AskedModule { debug_file: key.debug_file().to_owned(), debug_id: key.debug_id().to_owned(), addresses }
        });
        Some(Batch { modules: modules.collect(), parts, has_words: !words.is_empty() })
    }

    /// Stack words that go along: at first the tops of all stacks, later what lies behind the addresses that are wanted.
    fn next_words(&mut self, wanted: &[ModuleAddress]) -> Vec<ModuleAddress> {
        let first = self.words.first().filter(|_| self.is_first);
        let likely = first.chain(wanted.iter().flat_map(|address| self.words.after(*address)));
        let mut chosen = Vec::new();
        for word @ (module, address) in likely {
            if chosen.len() == MAX_STACK_WORDS {
                break;
            }
            if !self.modules[module].covers(address) && self.words_asked.insert(word) {
                chosen.push(word);
            }
        }
        self.is_first = false;
        chosen
    }

    /// Adds an answer, or marks what was asked for as not to be had.
    pub fn take(&mut self, batch: Batch, result: Result<Answered, ServerFault>, cache: &PartialCache) {
        self.requests += 1;
        let answered = match result {
            Ok(answered) => answered,
            Err(fault) => {
                log::text(&format!("symbol server: {fault}"));
                self.is_down = true;
                self.give_up(&batch);
                return;
            }
        };
        self.wire_bytes += answered.wire_bytes;
        let mut left_out = Vec::new();
        for (part, outcome) in batch.parts.iter().zip(answered.outcomes) {
            let module = &mut self.modules[part.module];
            match module.take(outcome, cache, &mut self.text_left) {
                Taken::Added => {}
                Taken::Torn => {
                    self.torn += 1;
                    if self.torn > MAX_TORN_WALKS {
                        module.known = Known::Unavailable;
                    }
                    self.interruption = Some(Interruption::Torn);
                }
                Taken::Indexing { .. } if self.accepts_indexing => module.known = Known::Unavailable,
                // Nobody waits for the symbols of a word that rode along.
                Taken::Indexing { .. } if part.wanted.is_empty() => {}
                Taken::Indexing { retry_after_seconds } => {
                    self.interruption.get_or_insert(Interruption::Indexing { retry_after_seconds });
                }
                Taken::Unreadable(why) => log::text(&format!("symbols of {:?}: {why}", module.key.debug_file())),
            }
            let missing = part.wanted.iter().filter(|address| {
                module.waiting.remove(address);
                matches!(module.lookup(**address, cache, &mut self.text_left), Lookup::Ask)
            });
            let missing: Vec<u64> = missing.copied().collect();
            let brought_some = missing.len() < part.wanted.len();
            left_out.extend(missing.into_iter().map(|address| (part.module, address, brought_some)));
        }
        self.is_bare = !left_out.is_empty();
        for (number, address, brought_some) in left_out {
            let module = &mut self.modules[number];
            if batch.has_words || brought_some || module.known == Known::Unknown {
                module.waiting.insert(address);
                self.wanted.push_back((number, address));
            } else {
                log::text(&format!("symbols of {:?}: no answer for {address:x}", module.key.debug_file()));
                unavailable(module, address);
            }
        }
        if self.interruption.is_some() {
            self.drop_wanted();
        }
    }

    fn give_up(&mut self, batch: &Batch) {
        for part in &batch.parts {
            for address in &part.wanted {
                self.modules[part.module].waiting.remove(address);
                unavailable(&mut self.modules[part.module], *address);
            }
        }
        while let Some((number, address)) = self.wanted.pop_front() {
            self.modules[number].waiting.remove(&address);
            unavailable(&mut self.modules[number], address);
        }
    }

    fn drop_wanted(&mut self) {
        for (number, address) in self.wanted.drain(..) {
            self.modules[number].waiting.remove(&address);
        }
    }

    /// For a walk that starts again with the symbols as they are now.
    pub fn start_again(&mut self) {
        self.interruption = None;
        self.drop_wanted();
    }
}

/// A module that was found keeps what is known of it, and one that the server could not confirm is taken from the cache: old symbols of a module are those of the
/// same debug id.
fn unavailable(module: &mut ModuleSymbols, address: u64) {
    if module.must_be_confirmed() {
        module.known = Known::Found;
        if module.is_kept(address) {
            return;
        }
    }
    match module.known {
        Known::Unknown => module.known = Known::Unavailable,
        Known::Found => module.refuse(address),
        Known::Missing | Known::Corrupt | Known::Unavailable => {}
    }
}
