//! Every limit of the service, with its unit in the name and the reason for its value.

use std::time::Duration;

/// A minidump body. The collector keeps at most 50 MiB of dumps a crash report: nothing larger is sent in earnest.
pub const MAX_DUMP_BYTES: usize = 50 << 20;

/// A refused body is read and thrown away up to here before the answer: a client that is still writing when the
/// connection closes sees a reset instead of the 413 or 503.
pub const MAX_DRAINED_BYTES: usize = 2 * MAX_DUMP_BYTES;

/// Time for a whole body to arrive. It holds a slot meanwhile; 50 MiB in 30 s is 14 Mbit/s, slow for a data centre.
pub const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// The answer of one walk. A dump of 8 MB can make 315 MB of JSON in the stock tool; real ones stay under 2 MB.
pub const MAX_JSON_BYTES: usize = 32 << 20;

/// What is kept of a child's standard error for the log.
pub const MAX_STDERR_BYTES: usize = 4 << 10;

/// Wall time of one walk, symbols included. Stock stops nowhere; the processor's own deadline is longer.
pub const DEFAULT_DEADLINE_SECONDS: u64 = 60;

/// Private writable memory of one walk.
pub const DEFAULT_MEMORY_MIB: u64 = 1024;

/// The least memory in which the child starts at all and can walk a small dump.
pub const MIN_MEMORY_MIB: u64 = 32;

/// Address space granted on top of the memory limit: program text, thread stacks and the 64 MiB an allocator arena
/// reserves without using it. `RLIMIT_DATA` is the real limit, `RLIMIT_AS` the net below it.
pub const ADDRESS_SPACE_HEADROOM_MIB: u64 = 1024;

/// Frames of one thread that are printed: the first and the last half. A stack overflow has hundreds of thousands.
/// Above 500 the processor's TruncateStacks rule cuts the middle anyway.
pub const MAX_FRAMES: usize = 500;

/// Frames kept at each end of a longer thread.
pub const KEPT_FRAMES_EACH_END: usize = MAX_FRAMES / 2;

/// Fetches of sym files under way at once in one walk: as many connections as a Worker's outbound handler may hold.
pub const MAX_SYMBOL_FETCHES: usize = 6;

/// Time to connect to the symbol server. It is one hop away.
pub const SYMBOLS_CONNECT_DEADLINE: Duration = Duration::from_secs(2);

/// Time for one sym file to arrive and be parsed.
pub const DEFAULT_SYMBOLS_DEADLINE_SECONDS: u64 = 20;

/// After so many failures in a row the symbol server counts as down for the rest of the walk: forty modules at 20 s
/// each would eat the deadline of a crash that can still be walked without symbols.
pub const SYMBOL_SERVER_FAILURES: u32 = 3;

/// One sym file, inflated. Larger ones do not exist in practice, except as a gzip bomb.
pub const MAX_SYM_BYTES: u64 = 1 << 30;

/// Parsed sym files take about twice their text (376 MB for 185 MB, measured). Of the memory limit, this share of text
/// may be parsed in one walk; what comes after counts as missing, so that a huge sym file costs names, not the walk.
pub const SYM_TEXT_PERCENT_OF_MEMORY: u64 = 40;

/// The cache of sym files on disk.
pub const DEFAULT_CACHE_MIB: u64 = 2048;

/// A sweep goes this far below the limit, so that not every write sweeps.
pub const CACHE_SWEEP_TO_PERCENT: u64 = 90;

/// Temporary files older than this belong to a killed child.
pub const STALE_TEMPORARY_FILE: Duration = Duration::from_secs(600);

/// Open requests get this long after SIGTERM to send their answer.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// How often `--exit-with-parent` looks whether the parent is still there.
pub const PARENT_CHECK_INTERVAL: Duration = Duration::from_millis(500);
