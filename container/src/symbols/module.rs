//! What a walk knows of the symbols of one module.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use minidump_unwind::SymbolFile;

use super::answer::{FoundPart, PartialOutcome};
use super::cache::{KeptText, PartialCache};
use super::key::SymKey;
use super::ranges::Ranges;
use crate::log;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Ask the server: also where the cache has something that it must confirm.
    Unknown,
    Found,
    Missing,
    Corrupt,
    /// The server could not say.
    Unavailable,
}

/// What there is for an address.
pub enum Lookup {
    Symbols(Arc<SymbolFile>),
    NoSymbols,
    Ask,
}

/// What an answer did besides adding symbols.
pub enum Taken {
    Added,
    /// The symbols are others than those already used in this walk.
    Torn,
    Indexing {
        retry_after_seconds: u64,
    },
    /// The answer says that it found symbols and they cannot be read.
    Unreadable(&'static str),
}

pub struct ModuleSymbols {
    pub key: SymKey,
    pub known: Known,
    etag: Option<String>,
    parts: Ranges<Arc<SymbolFile>>,
    kept: Ranges<KeptText>,
    /// Addresses on their way: in the queue or in a request.
    pub waiting: HashSet<u64>,
    /// Addresses that the server does not answer.
    refused: HashSet<u64>,
    pub was_fetched: bool,
}

impl ModuleSymbols {
    /// With what the cache has of it.
    pub fn new(key: SymKey, cache: &PartialCache) -> ModuleSymbols {
        let kept = cache.open(&key);
        ModuleSymbols {
            known: if kept.as_ref().is_some_and(|kept| kept.is_fresh) { Known::Found } else { Known::Unknown },
            etag: kept.as_ref().map(|kept| kept.etag.clone()),
            kept: kept.map(|kept| kept.texts).unwrap_or_default(),
            key,
            parts: Ranges::default(),
            waiting: HashSet::new(),
            refused: HashSet::new(),
            was_fetched: false,
        }
    }

    /// Reads the cache where it has the address.
    pub fn lookup(&mut self, address: u64, cache: &PartialCache, text_left: &mut u64) -> Lookup {
        match self.known {
            Known::Unknown => return Lookup::Ask,
            Known::Missing | Known::Corrupt | Known::Unavailable => return Lookup::NoSymbols,
            Known::Found => {}
        }
        if let Some(symbols) = self.parts.get(address) {
            return Lookup::Symbols(symbols.clone());
        }
        while let Some((etag, text)) = self.etag.as_deref().zip(self.kept.get(address).cloned()) {
            let symbols = cache.read(&self.key, etag, &text).and_then(|bytes| parse(&bytes, text_left));
            if let Some(symbols) = symbols {
                let symbols = Arc::new(symbols);
                for (start, end) in self.kept.ranges_of(&text) {
                    self.parts.insert(start, end, &symbols);
                }
                return Lookup::Symbols(symbols);
            }
            self.kept.retain(|other| *other != text);
        }
        if self.refused.contains(&address) { Lookup::NoSymbols } else { Lookup::Ask }
    }

    /// Whether a request for the address would bring nothing new.
    pub fn covers(&self, address: u64) -> bool {
        match self.known {
            Known::Unknown | Known::Found => {
                self.parts.get(address).is_some()
                    || self.kept.get(address).is_some()
                    || self.refused.contains(&address)
                    || self.waiting.contains(&address)
            }
            Known::Missing | Known::Corrupt | Known::Unavailable => true,
        }
    }

    /// Whether the cache has the address, if the server confirms the etag.
    pub fn is_kept(&self, address: u64) -> bool {
        self.kept.get(address).is_some()
    }

    /// Whether the cache has symbols that the server has not confirmed for a while.
    pub fn must_be_confirmed(&self) -> bool {
        self.known == Known::Unknown && self.etag.is_some()
    }

    /// Whether the server left an address without an answer.
    pub fn has_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    pub fn refuse(&mut self, address: u64) {
        self.refused.insert(address);
    }

    /// Adds what the server said.
    pub fn take(&mut self, outcome: PartialOutcome, cache: &PartialCache, text_left: &mut u64) -> Taken {
        match outcome {
            PartialOutcome::Found(part) => self.take_part(part, cache, text_left),
            PartialOutcome::Missing => self.take_none(Known::Missing, cache),
            PartialOutcome::Corrupt { why } => {
                log::text(&format!("symbols of {:?}: {why}", self.key.debug_file()));
                self.take_none(Known::Corrupt, cache)
            }
            PartialOutcome::Indexing { retry_after_seconds } => Taken::Indexing { retry_after_seconds },
        }
    }

    fn take_none(&mut self, known: Known, cache: &PartialCache) -> Taken {
        let was_used = self.was_used();
        self.forget(cache);
        self.etag = None;
        self.known = known;
        if was_used { Taken::Torn } else { Taken::Added }
    }

    fn take_part(&mut self, part: FoundPart, cache: &PartialCache, text_left: &mut u64) -> Taken {
        let is_torn = self.etag.as_ref().is_some_and(|etag| *etag != part.etag) && {
            let was_used = self.was_used();
            self.forget(cache);
            was_used
        };
        if !part.ranges.is_empty() {
            let Some(symbols) = parse(part.sym.as_bytes(), text_left) else {
                self.known = Known::Unavailable;
                return Taken::Unreadable("a sym text that breakpad-symbols refuses, or too much text for one walk");
            };
            let symbols = Arc::new(symbols);
            for (start, end) in &part.ranges {
                self.parts.insert(*start, *end, &symbols);
            }
            self.was_fetched = true;
        }
        cache.keep(&self.key, &part);
        self.known = Known::Found;
        self.etag = Some(part.etag);
        if is_torn { Taken::Torn } else { Taken::Added }
    }

    /// Whether frames of this walk may have been named by the symbols that are known so far.
    fn was_used(&self) -> bool {
        self.known == Known::Found
    }

    fn forget(&mut self, cache: &PartialCache) {
        cache.forget(&self.key);
        self.parts.clear();
        self.kept.clear();
        self.refused.clear();
    }
}

/// `None` where breakpad-symbols refuses the text, or the walk has had too much of it. The parser must not panic; if it does on a text that a hostile server
/// made, the module has no symbols, and the walk goes on.
fn parse(text: &[u8], text_left: &mut u64) -> Option<SymbolFile> {
    *text_left = text_left.checked_sub(text.len() as u64)?;
    catch_unwind(AssertUnwindSafe(|| SymbolFile::from_bytes(text))).ok()?.ok()
}
