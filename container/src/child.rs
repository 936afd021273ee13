//! The service's side of a walk: start the child, feed it, bound it, read its answer, see it dead.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::sleep;

use crate::cli::WalkSettings;
use crate::confine::EXIT_OUT_OF_MEMORY;
use crate::limits::{MAX_JSON_BYTES, MAX_STDERR_BYTES};
use crate::outcome::Failure;
use crate::walk_command::PANIC_LINE;

/// Exit code of a child that could not confine itself or lost its pipes (see `main`).
const EXIT_NOT_STARTED: i32 = 2;

/// What became of one child.
#[derive(Debug)]
pub enum Walk {
    /// The child's answer, a whole JSON document, and what it said on standard error.
    Answered { json: Vec<u8>, stderr: String },
    /// The child had to be killed or died of the dump.
    Failed { failure: Failure, stderr: String },
    /// The machine is at fault, not the dump.
    NotStarted { why: String },
    /// `stop` came first; the child is dead.
    Stopped,
}

enum Cut {
    Late,
    Stopped,
    OutputTooLarge,
    Io(io::Error),
}

/// Walks one dump in a child process, within `deadline` and until `stop`. When this future is dropped (the client
/// went away) the child is killed, too.
pub async fn walk(
    settings: &WalkSettings,
    deadline: Duration,
    stop: impl Future<Output = ()>,
    evil_json: &str,
    dump: Bytes,
) -> Walk {
    let mut child = match start(settings) {
        Ok(child) => child,
        Err(error) => return Walk::NotStarted { why: error.to_string() },
    };
    let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Walk::NotStarted { why: "the child has no pipes".into() };
    };
    let mut errors = Vec::new();
    let talk = async {
        let (_, json, ()) =
            tokio::try_join!(feed(stdin, evil_json, &dump), read_answer(stdout), read_errors(stderr, &mut errors),)?;
        child.wait().await.map(|status| (status, json)).map_err(Cut::Io)
    };
    let talked = tokio::select! {
        talked = talk => talked,
        () = sleep(deadline) => Err(Cut::Late),
        () = stop => Err(Cut::Stopped),
    };
    if talked.is_err() {
        // Reaped here, so that the slot is not given away while the process still holds its memory.
        let _ = child.kill().await;
    }
    let stderr = String::from_utf8_lossy(&errors).into_owned();
    let failure = match talked {
        Ok((status, json)) if status.success() => return Walk::Answered { json, stderr },
        Ok((status, _)) if status.code() == Some(EXIT_NOT_STARTED) => return Walk::NotStarted { why: stderr },
        Ok((status, _)) => died(status, settings.memory_mib, &stderr),
        Err(Cut::OutputTooLarge) => Failure::OutputTooLarge { bytes: MAX_JSON_BYTES },
        Err(Cut::Io(error)) => return Walk::NotStarted { why: error.to_string() },
        Err(Cut::Stopped) => return Walk::Stopped,
        Err(Cut::Late) => Failure::Timeout { seconds: deadline.as_secs() },
    };
    Walk::Failed { failure, stderr }
}

/// `/proc/self/exe` is this very program, even after a new build replaced its file.
fn start(settings: &WalkSettings) -> io::Result<Child> {
    let mut command = Command::new("/proc/self/exe");
    command.args(["walk", "--symbols-url", &settings.symbols_url]).arg("--cache").arg(&settings.cache);
    for (name, value) in [
        ("--cache-mib", settings.cache_mib),
        ("--memory-mib", settings.memory_mib),
        ("--symbols-deadline-seconds", settings.symbols_deadline_seconds),
        ("--parent", std::process::id().into()),
    ] {
        command.arg(name).arg(value.to_string());
    }
    if settings.accept_missing_symbols {
        command.arg("--accept-missing-symbols");
    }
    // Two allocator arenas: each reserves 64 MiB of address space, and a walk is bound by one core.
    command.env_clear().env("MALLOC_ARENA_MAX", "2").current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()
}

/// A child that stops reading has ended; its exit says why.
async fn feed(mut stdin: ChildStdin, evil_json: &str, dump: &[u8]) -> Result<(), Cut> {
    for part in [evil_json.as_bytes(), b"\n", dump] {
        if stdin.write_all(part).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn read_answer(stdout: impl AsyncRead + Unpin) -> Result<Vec<u8>, Cut> {
    let mut json = Vec::new();
    stdout.take(MAX_JSON_BYTES as u64 + 1).read_to_end(&mut json).await.map_err(Cut::Io)?;
    if json.len() > MAX_JSON_BYTES { Err(Cut::OutputTooLarge) } else { Ok(json) }
}

/// Keeps the beginning; reads on, because a child that fills the pipe would stop.
async fn read_errors(mut stderr: impl AsyncRead + Unpin, kept: &mut Vec<u8>) -> Result<(), Cut> {
    let mut buffer = [0; 1024];
    loop {
        let read = stderr.read(&mut buffer).await.map_err(Cut::Io)?;
        if read == 0 {
            return Ok(());
        }
        let room = MAX_STDERR_BYTES.saturating_sub(kept.len()).min(read);
        kept.extend_from_slice(&buffer[..room]);
    }
}

fn died(status: ExitStatus, memory_mib: u64, stderr: &str) -> Failure {
    let panic = stderr.lines().rev().find(|line| line.starts_with(PANIC_LINE));
    match (status.code(), status.signal()) {
        (Some(EXIT_OUT_OF_MEMORY), _) => Failure::OutOfMemory { mib: memory_mib },
        (Some(code), _) => Failure::Crashed { how: panic.map_or_else(|| format!("exit code {code}"), str::to_owned) },
        (None, Some(signal)) => Failure::Crashed { how: format!("signal {signal}") },
        (None, None) => Failure::Crashed { how: status.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_die_has_its_status() {
        let exit = |code: i32| ExitStatus::from_raw(code << 8);
        assert_eq!(died(exit(EXIT_OUT_OF_MEMORY), 64, "").status(), "StackwalkOutOfMemory");
        assert_eq!(died(ExitStatus::from_raw(11), 64, "").to_string(), "the walk crashed: signal 11");
        let failure = died(exit(101), 64, "symbols of x: y\npanic: index out of bounds (minidump.rs:7)\n");
        assert_eq!(failure.status(), "StackwalkCrashed");
        assert_eq!(failure.to_string(), "the walk crashed: panic: index out of bounds (minidump.rs:7)");
    }
}
