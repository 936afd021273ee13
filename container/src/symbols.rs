//! Where the walker's symbols come from: the cache on disk, then the symbol server.

pub mod cache;
mod key;
mod server;
mod text;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use breakpad_symbols::breakpad_sym_lookup;
use minidump::Module;
use minidump_unwind::{FileError, FileKind, LocateSymbolsResult, SymbolError, SymbolFile, SymbolSupplier};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::cli::WalkSettings;
use crate::limits::{MAX_SYMBOL_FETCHES, SYM_TEXT_PERCENT_OF_MEMORY, SYMBOL_SERVER_FAILURES};
use crate::log;
use crate::outcome::SymbolCounts;
use cache::SymCache;
use key::SymKey;
use server::SymbolServer;
use text::TextBudget;

/// Why a module has no symbols.
#[derive(Debug, thiserror::Error)]
enum NoSymbols {
    #[error("the symbol server does not have it")]
    Missing,
    #[error("corrupt at line {line}: {what}")]
    Corrupt { what: &'static str, line: u64 },
    /// Counts towards the symbol server being down.
    #[error("symbol server: {0}")]
    Server(String),
    #[error("{0}")]
    Unreadable(String),
}

impl From<SymbolError> for NoSymbols {
    fn from(error: SymbolError) -> NoSymbols {
        match error {
            SymbolError::NotFound | SymbolError::MissingDebugFileOrId => NoSymbols::Missing,
            SymbolError::LoadError(error) => NoSymbols::Unreadable(error.to_string()),
            SymbolError::ParseError(what, line) => NoSymbols::Corrupt { what, line },
        }
    }
}

impl From<NoSymbols> for SymbolError {
    fn from(why: NoSymbols) -> SymbolError {
        match why {
            NoSymbols::Missing => SymbolError::NotFound,
            NoSymbols::Corrupt { what, line } => SymbolError::ParseError(what, line),
            NoSymbols::Server(_) | NoSymbols::Unreadable(_) => {
                SymbolError::LoadError(std::io::Error::other(why.to_string()))
            }
        }
    }
}

/// The symbols of one walk. The stock `Symbolizer` asks once a module and keeps the parsed file.
pub struct Symbols {
    cache: Arc<SymCache>,
    server: SymbolServer,
    deadline: Duration,
    fetches: Semaphore,
    failures_in_a_row: AtomicU32,
    budget: TextBudget,
    counts: Arc<Mutex<SymbolCounts>>,
}

impl Symbols {
    /// `counts` is filled while the walk goes on.
    pub fn new(settings: &WalkSettings, counts: Arc<Mutex<SymbolCounts>>) -> Symbols {
        Symbols {
            cache: Arc::new(SymCache::new(&settings.cache, settings.cache_mib)),
            server: SymbolServer::new(&settings.symbols_url),
            deadline: Duration::from_secs(settings.symbols_deadline_seconds),
            fetches: Semaphore::new(MAX_SYMBOL_FETCHES),
            failures_in_a_row: AtomicU32::new(0),
            budget: TextBudget::new((settings.memory_mib << 20) / 100 * SYM_TEXT_PERCENT_OF_MEMORY),
            counts,
        }
    }

    async fn locate(&self, module: &(dyn Module + Sync)) -> Result<SymbolFile, NoSymbols> {
        let key = breakpad_sym_lookup(module).and_then(|lookup| SymKey::new(&lookup)).ok_or(NoSymbols::Missing)?;
        if let Some(symbols) = self.cached(&key).await? {
            self.count(|counts| counts.cached += 1);
            return Ok(symbols);
        }
        let symbols = self.fetch(&key).await?;
        self.count(|counts| counts.fetched += 1);
        Ok(symbols)
    }

    /// `None` when it has to be fetched. The mark that closes a cached file tells a torn one (power loss) from a
    /// whole one.
    async fn cached(&self, key: &SymKey) -> Result<Option<SymbolFile>, NoSymbols> {
        let Some(file) = self.cache.open(key) else { return Ok(None) };
        let text = self.budget.reader(file);
        match spawn_blocking(move || SymbolFile::parse(text, |_| {})).await {
            Ok(Ok(symbols)) if symbols.url.is_some() => Ok(Some(symbols)),
            Ok(Err(SymbolError::LoadError(error))) => Err(NoSymbols::Unreadable(error.to_string())),
            Ok(_) | Err(_) => {
                self.cache.remove(key);
                Ok(None)
            }
        }
    }

    async fn fetch(&self, key: &SymKey) -> Result<SymbolFile, NoSymbols> {
        let Ok(_permit) = self.fetches.acquire().await else { return Err(NoSymbols::Missing) };
        if self.failures_in_a_row.load(Ordering::Relaxed) >= SYMBOL_SERVER_FAILURES {
            return Err(NoSymbols::Server("it failed too often in this walk".into()));
        }
        let download = self.server.download(key, &self.cache, &self.budget);
        let result = match timeout(self.deadline, download).await {
            Ok(result) => result,
            Err(_) => Err(NoSymbols::Server(format!("no whole answer within {} s", self.deadline.as_secs()))),
        };
        match &result {
            Err(NoSymbols::Server(_)) => self.failures_in_a_row.fetch_add(1, Ordering::Relaxed),
            _ => self.failures_in_a_row.swap(0, Ordering::Relaxed),
        };
        result
    }

    fn count(&self, change: impl FnOnce(&mut SymbolCounts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[async_trait]
impl SymbolSupplier for Symbols {
    async fn locate_symbols(&self, module: &(dyn Module + Sync)) -> Result<LocateSymbolsResult, SymbolError> {
        match self.locate(module).await {
            Ok(symbols) => Ok(LocateSymbolsResult { symbols, extra_debug_info: None }),
            Err(why) => {
                match why {
                    NoSymbols::Missing => self.count(|counts| counts.missing += 1),
                    NoSymbols::Corrupt { .. } => self.count(|counts| counts.corrupt += 1),
                    NoSymbols::Server(_) | NoSymbols::Unreadable(_) => self.count(|counts| counts.unavailable += 1),
                }
                if !matches!(why, NoSymbols::Missing) {
                    log::text(&format!("symbols of {:?}: {why}", module.debug_file().unwrap_or_default()));
                }
                Err(why.into())
            }
        }
    }

    /// Only sym files are served: the answer for binaries and PDBs changes nothing in the stock output.
    async fn locate_file(&self, _module: &(dyn Module + Sync), _kind: FileKind) -> Result<PathBuf, FileError> {
        Err(FileError::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakpad_symbols::FileLookup;

    #[tokio::test]
    async fn after_three_failures_in_a_row_the_symbol_server_is_left_alone() {
        let settings = WalkSettings {
            // Nothing listens there.
            symbols_url: "http://127.0.0.1:1".into(),
            cache: "/nonexistent".into(),
            cache_mib: 1,
            memory_mib: 64,
            symbols_deadline_seconds: 5,
            parent: 0,
        };
        let symbols = Symbols::new(&settings, Arc::default());
        for fetch in 0..5 {
            let server_rel = format!("{fetch}.so/0A0/{fetch}.so.sym");
            let (debug_id, debug_file, cache_rel) = Default::default();
            let key = SymKey::new(&FileLookup { debug_id, debug_file, cache_rel, server_rel });
            let Some(key) = key else { panic!("no key") };
            let Err(NoSymbols::Server(why)) = symbols.fetch(&key).await else { panic!("not a fault of the server") };
            assert_eq!(why.contains("failed too often"), fetch >= 3, "{fetch}: {why}");
        }
    }
}
