//! Where the walker's symbols come from: partial symbol files, out of the cache on disk or from the symbol server.
//!
//! A walk asks for single addresses, from all of its threads at once. What is wanted goes to the server in one request at a time, together with what is likely
//! wanted next. Each answer is a sym file of its own, valid for some ranges, and breakpad-symbols reads it as it would read the whole.

mod answer;
pub mod cache;
mod key;
mod module;
mod ranges;
mod requests;
mod server;
mod stack_words;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use breakpad_symbols::breakpad_sym_lookup;
use minidump::{Minidump, Module};
use minidump_unwind::{
    FileError, FileKind, FillSymbolError, FrameSymbolizer, FrameWalker, SymbolFile, SymbolProvider, SymbolStats,
};
use tokio::sync::{Notify, watch};

use crate::cli::WalkSettings;
use crate::limits::{MAX_WALK_TEXT_BYTES, SYM_TEXT_PERCENT_OF_MEMORY};
use crate::outcome::SymbolCounts;
use cache::PartialCache;
use key::SymKey;
use module::{Known, Lookup};
pub use requests::Interruption;
use requests::WalkSymbols;
use server::SymbolServer;
use stack_words::likely_addresses;

/// The symbols of one walk. Needs a tokio runtime.
pub struct PartialSymbols(Arc<Shared>);

struct Shared {
    cache: PartialCache,
    server: SymbolServer,
    symbols_url: String,
    state: Mutex<State>,
    /// Something is wanted.
    wanted: Notify,
    /// An answer came.
    answers: watch::Sender<()>,
}

struct State {
    symbols: WalkSymbols,
    /// By the base address of the module; `None` for one that cannot have symbols.
    numbers: HashMap<u64, Option<usize>>,
    /// Modules that the walk asked about, by base address.
    asked: HashMap<u64, Option<usize>>,
    /// Stock's: by the leaf of the code file's name, the last module asked about counts.
    stats: HashMap<String, SymbolStats>,
}

impl PartialSymbols {
    pub fn new(settings: &WalkSettings) -> PartialSymbols {
        let text_bytes = ((settings.memory_mib << 20) / 100 * SYM_TEXT_PERCENT_OF_MEMORY).min(MAX_WALK_TEXT_BYTES);
        let deadline = Duration::from_secs(settings.symbols_deadline_seconds);
        let shared = Arc::new(Shared {
            cache: PartialCache::new(&settings.cache, settings.cache_mib),
            server: SymbolServer::new(&settings.symbols_url, deadline),
            symbols_url: settings.symbols_url.clone(),
            state: Mutex::new(State {
                symbols: WalkSymbols::new(text_bytes, settings.accept_missing_symbols),
                numbers: HashMap::new(),
                asked: HashMap::new(),
                stats: HashMap::new(),
            }),
            wanted: Notify::new(),
            answers: watch::Sender::new(()),
        });
        tokio::spawn(send_requests(shared.clone()));
        PartialSymbols(shared)
    }

    /// Asks for the instruction pointers of all contexts and the tops of all stacks, in one request. Returns at once.
    pub fn prefetch<'a>(&self, dump: &'a Minidump<'a, &'a [u8]>) {
        let cache = &self.0.cache;
        let state = &mut *self.0.lock();
        let (pointers, words) = likely_addresses(dump, |module| state.number(module, cache));
        state.symbols.prefetch(&pointers, words, cache);
        self.0.wanted.notify_one();
    }

    /// Resolves when the walk must not go on.
    pub async fn interrupted(&self) -> Interruption {
        loop {
            let mut answers = self.0.answers.subscribe();
            if let Some(interruption) = self.interruption() {
                return interruption;
            }
            // The sender lives in `self`.
            let _ = answers.changed().await;
        }
    }

    pub fn interruption(&self) -> Option<Interruption> {
        self.0.lock().symbols.interruption
    }

    /// For a walk that starts again with the symbols as they are now.
    pub fn start_again(&self) {
        let state = &mut *self.0.lock();
        state.symbols.start_again();
        state.asked.clear();
        state.stats.clear();
    }

    /// How the symbols were come by, so far.
    pub fn counts(&self) -> SymbolCounts {
        let state = self.0.lock();
        let symbols = &state.symbols;
        let mut counts =
            SymbolCounts { requests: symbols.requests, bytes: symbols.wire_bytes, ..SymbolCounts::default() };
        for number in state.asked.values() {
            let Some(module) = number.map(|number| &symbols.modules[number]) else {
                counts.missing += 1;
                continue;
            };
            match module.known {
                Known::Found if module.has_refused() => counts.unavailable += 1,
                Known::Found if module.was_fetched => counts.fetched += 1,
                Known::Found => counts.cached += 1,
                Known::Missing => counts.missing += 1,
                Known::Corrupt => counts.corrupt += 1,
                Known::Unknown | Known::Unavailable => counts.unavailable += 1,
            }
        }
        counts
    }

    /// Makes room on disk, where this walk wrote something.
    pub fn sweep_cache(&self) {
        self.0.cache.sweep_what_grew();
    }

    /// The symbols at an address; `None` for a module without any.
    async fn symbols_at(&self, module: &(dyn Module + Sync), instruction: u64) -> Option<Arc<SymbolFile>> {
        // Below the module: the answer is nothing whatever is asked, and breakpad-symbols gives it.
        let address = instruction.saturating_sub(module.base_address());
        loop {
            // Before the look: an answer between the two wakes us.
            let mut answers = self.0.answers.subscribe();
            {
                let state = &mut *self.0.lock();
                let Some(number) = state.number(module, &self.0.cache) else {
                    state.note(module, None, &self.0.symbols_url);
                    return None;
                };
                let found = state.symbols.lookup((number, address), &self.0.cache);
                match found {
                    Lookup::Symbols(_) | Lookup::NoSymbols => {
                        state.note(module, Some(number), &self.0.symbols_url);
                        return match found {
                            Lookup::Symbols(symbols) => Some(symbols),
                            Lookup::NoSymbols | Lookup::Ask => None,
                        };
                    }
                    Lookup::Ask => self.0.wanted.notify_one(),
                }
            }
            // The sender lives in `self`.
            let _ = answers.changed().await;
        }
    }
}

impl State {
    fn number(&mut self, module: &(dyn Module + Sync), cache: &PartialCache) -> Option<usize> {
        *self.numbers.entry(module.base_address()).or_insert_with(|| {
            let key = breakpad_sym_lookup(module).and_then(|lookup| SymKey::new(&lookup))?;
            Some(self.symbols.number(key, cache))
        })
    }

    /// Once a module: what the stock `Symbolizer` notes when it has loaded its symbols, or not.
    fn note(&mut self, module: &(dyn Module + Sync), number: Option<usize>, symbols_url: &str) {
        if self.asked.insert(module.base_address(), number).is_some() {
            return;
        }
        let mut stats = SymbolStats::default();
        if let Some(symbols) = number.map(|number| &self.symbols.modules[number]) {
            stats.loaded_symbols = matches!(symbols.known, Known::Found | Known::Corrupt);
            stats.corrupt_symbols = symbols.known == Known::Corrupt;
            // Of the whole file: that is what a person who follows it wants.
            stats.symbol_url =
                (symbols.known == Known::Found).then(|| format!("{symbols_url}/{}", symbols.key.url_path()));
        }
        let code_file = module.code_file();
        let leaf = code_file.rsplit(['/', '\\']).next().unwrap_or_default();
        self.stats.insert(leaf.to_owned(), stats);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends one request after the other, as long as something is wanted. Runs beside the walk: when it gets its turn, every thread of the dump has said
/// what it waits for.
async fn send_requests(shared: Arc<Shared>) {
    loop {
        shared.wanted.notified().await;
        loop {
            let batch = shared.lock().symbols.next_batch(&shared.cache);
            let Some(batch) = batch else { break };
            let result = shared.server.ask(&batch.modules).await;
            shared.lock().symbols.take(batch, result, &shared.cache);
            shared.answers.send_replace(());
            // The threads look at the answer first, and may want more.
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl SymbolProvider for PartialSymbols {
    async fn fill_symbol(
        &self,
        module: &(dyn Module + Sync),
        frame: &mut (dyn FrameSymbolizer + Send),
    ) -> Result<(), FillSymbolError> {
        let symbols = self.symbols_at(module, frame.get_instruction()).await.ok_or(FillSymbolError {})?;
        symbols.fill_symbol(module, frame);
        Ok(())
    }

    async fn walk_frame(&self, module: &(dyn Module + Sync), walker: &mut (dyn FrameWalker + Send)) -> Option<()> {
        self.symbols_at(module, walker.get_instruction()).await?.walk_frame(module, walker)
    }

    /// Only sym files are served: the answer for binaries and PDBs changes nothing in the stock output.
    async fn get_file_path(&self, _module: &(dyn Module + Sync), _kind: FileKind) -> Result<PathBuf, FileError> {
        Err(FileError::NotFound)
    }

    fn stats(&self) -> HashMap<String, SymbolStats> {
        self.0.lock().stats.clone()
    }
}
