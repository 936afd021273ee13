//! The child's side: `mayday-stackwalker walk`. Standard input is one line of evil JSON (may be empty), then the
//! minidump; standard output is the answer.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use minidump::Minidump;
use rustix::fs::{MemfdFlags, memfd_create};
use tokio::runtime::Builder;

use crate::cli::WalkSettings;
use crate::confine::confine;
use crate::limits::MAX_RETRY_AFTER_SECONDS;
use crate::log;
use crate::outcome::{Answer, STACKWALK_VERSION, Unavailable};
use crate::symbols::{Interruption, PartialSymbols};
use crate::walk::walk;

/// First word of the line a panic leaves on standard error.
pub const PANIC_LINE: &str = "panic: ";

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
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("starting the runtime: {error}"))?;
    let path = evil_json.as_ref().map(|(path, _)| path.as_path());
    let answer = runtime.block_on(answer(&settings, dump, path));
    let mut output = BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut output, &answer).map_err(|error| format!("writing the answer: {error}"))?;
    output.flush().map_err(|error| format!("writing the answer: {error}"))
}

/// Walks, again where symbols were replaced meanwhile.
async fn answer(settings: &WalkSettings, dump: &[u8], evil_json: Option<&Path>) -> Answer {
    let symbols = PartialSymbols::new(settings);
    // One that cannot be read has nothing to prefetch, and the walk names why.
    if let Ok(dump) = Minidump::read(dump) {
        symbols.prefetch(&dump);
    }
    loop {
        let walked = tokio::select! {
            // First: what an interrupted walk gives does not count.
            biased;
            interruption = symbols.interrupted() => Err(interruption),
            walked = walk(dump, evil_json, &symbols) => Ok(walked),
        };
        symbols.sweep_cache();
        match walked {
            Ok(Ok(json_dump)) => {
                let symbols = symbols.counts();
                return Answer::Walked { stackwalk_version: STACKWALK_VERSION, json_dump, symbols };
            }
            Ok(Err(failure)) => return Answer::from(&failure),
            Err(Interruption::Torn) => symbols.start_again(),
            Err(Interruption::Indexing { retry_after_seconds }) => {
                let retry_after_seconds = Some(retry_after_seconds.clamp(1, MAX_RETRY_AFTER_SECONDS));
                return Answer::Unavailable { reason: Unavailable::SymbolsIndexing, retry_after_seconds };
            }
        }
    }
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
