//! What can become of a request: the JSON union of the answers, as types.

use serde::Serialize;
use serde_json::Value;

/// `json_dump` tool version as shown on a crash report: ours and that of the crates that walk.
pub const STACKWALK_VERSION: &str =
    concat!("mayday-stackwalker ", env!("CARGO_PKG_VERSION"), " (rust-minidump 0.27.0)");

/// A dump that cannot be walked. Retrying gives the same; the processor stores the status with the crash.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The header or directory cannot be read.
    #[error("{0}")]
    Read(#[from] minidump::Error),
    /// A stream the walk needs cannot be read.
    #[error("{0}")]
    Process(#[from] minidump_processor::ProcessError),
    #[error("the minidump is empty")]
    Empty,
    #[error("the walk took longer than {seconds} s and was killed")]
    Timeout { seconds: u64 },
    #[error("the walk needed more than {mib} MiB of memory")]
    OutOfMemory { mib: u64 },
    #[error("the walk crashed: {how}")]
    Crashed { how: String },
    #[error("the JSON of the walk is larger than {bytes} bytes")]
    OutputTooLarge { bytes: usize },
}

impl Failure {
    /// The status name: the stock tool's own where it has one (specs/processor.md 1.4), ours else.
    pub fn status(&self) -> &'static str {
        match self {
            Failure::Read(error) => error.name(),
            Failure::Process(error) => error.name(),
            Failure::Empty => "EmptyMinidump",
            Failure::Timeout { .. } => "StackwalkTimeout",
            Failure::OutOfMemory { .. } => "StackwalkOutOfMemory",
            Failure::Crashed { .. } => "StackwalkCrashed",
            Failure::OutputTooLarge { .. } => "StackwalkOutputTooLarge",
        }
    }
}

/// A request that was not a walk: the client must change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    BodyTooLarge,
    BodyTimeout,
    BodyInterrupted,
    BadOptions,
    NotFound,
    MethodNotAllowed,
}

/// The dump cannot be walked now: the client sends it again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unavailable {
    /// No process could be started (out of processes or memory on the host).
    SpawnFailed,
    ShuttingDown,
    /// The symbol server has symbols of this dump whose index is being built.
    SymbolsIndexing,
}

/// How the symbols of one walk were come by, in modules; `unavailable` above 0: walking again may give more names. `requests` went to the symbol server, one
/// after the other, and their answers had `bytes` on the wire.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SymbolCounts {
    pub cached: u32,
    pub fetched: u32,
    pub missing: u32,
    pub corrupt: u32,
    pub unavailable: u32,
    pub requests: u32,
    pub bytes: u64,
}

/// The body of every answer except the heartbeat's.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    Walked {
        stackwalk_version: &'static str,
        json_dump: Value,
        symbols: SymbolCounts,
    },
    Failed {
        stackwalk_version: &'static str,
        status: &'static str,
        detail: String,
    },
    Refused {
        reason: Refusal,
        detail: String,
    },
    Busy,
    Unavailable {
        reason: Unavailable,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<u64>,
    },
}

impl From<&Failure> for Answer {
    fn from(failure: &Failure) -> Answer {
        Answer::Failed { stackwalk_version: STACKWALK_VERSION, status: failure.status(), detail: failure.to_string() }
    }
}
