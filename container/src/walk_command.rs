//! The child's side: `mayday-stackwalker walk`. Standard input is one line of evil JSON (may be empty), then the
//! minidump; standard output is the answer.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use minidump_unwind::Symbolizer;
use rustix::fs::{MemfdFlags, memfd_create};
use tokio::runtime::Builder;

use crate::cli::WalkSettings;
use crate::confine::confine;
use crate::limits::MAX_SYMBOL_FETCHES;
use crate::log;
use crate::outcome::{Answer, STACKWALK_VERSION, SymbolCounts};
use crate::symbols::Symbols;
use crate::walk::walk;

/// First word of the line a panic leaves on standard error.
pub const PANIC_LINE: &str = "panic: ";

/// Stack of a thread that parses sym files; the parser does not recurse.
const PARSER_STACK_BYTES: usize = 1 << 20;

/// Walks the dump on standard input. An error is trouble of the machine; what is wrong with the dump is an answer.
pub fn run(settings: WalkSettings) -> Result<(), String> {
    confine(settings.memory_mib, settings.parent)?;
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or(String::new(), |place| {
            let file = place.file().rsplit('/').next().unwrap_or_default();
            format!(" ({file}:{})", place.line())
        });
        log::text(&format!("{PANIC_LINE}{}{place}", info.payload_as_str().unwrap_or_default()));
    }));
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input).map_err(|error| format!("reading standard input: {error}"))?;
    let line_end = input.iter().position(|byte| *byte == b'\n').ok_or("standard input has no first line")?;
    let (evil_line, dump) = (&input[..line_end], &input[line_end + 1..]);
    let evil_json = evil_json_file(evil_line).map_err(|error| format!("memfd_create: {error}"))?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2 * MAX_SYMBOL_FETCHES)
        .thread_stack_size(PARSER_STACK_BYTES)
        .build()
        .map_err(|error| format!("starting the runtime: {error}"))?;
    let counts = Arc::new(Mutex::new(SymbolCounts::default()));
    let symbols = Symbolizer::new(Symbols::new(&settings, counts.clone()));
    let path = evil_json.as_ref().map(|(path, _)| path.as_path());
    let result = runtime.block_on(walk(dump, path, &symbols));
    // A download whose deadline passed may still sit in a blocking read.
    runtime.shutdown_background();
    let symbols = *counts.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = match result {
        Ok(json_dump) => Answer::Walked { stackwalk_version: STACKWALK_VERSION, json_dump, symbols },
        Err(failure) => Answer::from(&failure),
    };
    let mut output = BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut output, &answer).map_err(|error| format!("writing the answer: {error}"))?;
    output.flush().map_err(|error| format!("writing the answer: {error}"))
}

/// The stock processor wants a path. A file in memory has one, and leaves nothing on disk when this process is killed.
fn evil_json_file(text: &[u8]) -> io::Result<Option<(PathBuf, File)>> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut file = File::from(memfd_create("evil-json", MemfdFlags::CLOEXEC)?);
    file.write_all(text)?;
    Ok(Some((PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd())), file)))
}
