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

/// Time to connect to the symbol server. It is one hop away.
pub const SYMBOLS_CONNECT_DEADLINE: Duration = Duration::from_secs(2);

/// Time for one answer of the symbol server. A cold one is 8 MiB of text at most and takes a second.
pub const DEFAULT_SYMBOLS_DEADLINE_SECONDS: u64 = 10;

/// Tries of one request. After the last the symbol server counts as down for the rest of the walk: three deadlines are half the time of a crash that can
/// still be walked without symbols.
pub const SYMBOL_SERVER_TRIES: u32 = 3;

/// Pause before the second try; twice that before the third. A busy symbol server says 503 for a second or so.
pub const SYMBOL_RETRY_PAUSE: Duration = Duration::from_millis(300);

/// One answer, inflated. The server puts at most 8 MiB of text into one; as JSON, each end of a line is two bytes.
pub const MAX_ANSWER_BYTES: usize = 24 << 20;

/// Addresses of one request; the symbol server takes 10,000.
pub const MAX_ASKED_ADDRESSES: usize = 4_000;

/// Modules of one request, of the 1,000 that the symbol server takes: with names of 255 bytes they stay under its 1 MiB of JSON.
pub const MAX_ASKED_MODULES: usize = 400;

/// Words of each stack that the first request looks up besides the contexts: most return addresses of a thread of 30 frames.
pub const FIRST_STACK_WORDS: usize = 64;

/// Words of the stack behind one that had to be asked for, which go along with it.
pub const NEXT_STACK_WORDS: usize = 64;

/// Stack words of one request: a process of 300 threads asks for a few of each.
pub const MAX_STACK_WORDS: usize = 1_000;

/// Words of one stack that are looked at; a stack overflow has hundreds of thousands.
pub const MAX_SEARCHED_STACK_WORDS: usize = 1 << 17;

/// Words of all stacks that are kept as likely return addresses.
pub const MAX_KEPT_STACK_WORDS: usize = 1 << 17;

/// Walks that start again because symbols were replaced meanwhile; a module that changes more often counts as unavailable.
pub const MAX_TORN_WALKS: u32 = 3;

/// What the symbol server may ask the processor to wait for the index of a sym file.
pub const MAX_RETRY_AFTER_SECONDS: u64 = 120;

/// Sym text of one walk, all modules together.
pub const MAX_WALK_TEXT_BYTES: u64 = 256 << 20;

/// Parsed records take about twice their text (376 MB for 185 MB, measured). Of the memory limit, this share of text may be parsed in one walk; what comes
/// after counts as unavailable, so that a hostile symbol server costs names, not the walk.
pub const SYM_TEXT_PERCENT_OF_MEMORY: u64 = 25;

/// What the symbol server said of a module holds this long, as in its own `Cache-Control`.
pub const SYMBOLS_FRESH: Duration = Duration::from_secs(600);

/// The cache of partial symbol files on disk.
pub const DEFAULT_CACHE_MIB: u64 = 2048;

/// Lines about the ranges of one module in the cache: some 20,000. Above that the module starts anew.
pub const MAX_CACHE_INDEX_BYTES: u64 = 1 << 20;

/// A line about one range in the cache.
pub const MIN_KEPT_RANGES_BYTES: usize = 40;

/// Longest etag that becomes the name of a folder.
pub const MAX_ETAG_BYTES: usize = 128;

/// A sweep goes this far below the limit, so that not every write sweeps.
pub const CACHE_SWEEP_TO_PERCENT: u64 = 90;

/// Temporary files older than this belong to a killed child.
pub const STALE_TEMPORARY_FILE: Duration = Duration::from_secs(600);

/// Open requests get this long after SIGTERM to send their answer.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// How often `--exit-with-parent` looks whether the parent is still there.
pub const PARENT_CHECK_INTERVAL: Duration = Duration::from_millis(500);
