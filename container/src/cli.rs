//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::available_parallelism;

use lexopt::{Arg, Parser, ValueExt};

use crate::limits::{
    DEFAULT_CACHE_MIB, DEFAULT_DEADLINE_SECONDS, DEFAULT_MEMORY_MIB, DEFAULT_SYMBOLS_DEADLINE_SECONDS, MIN_MEMORY_MIB,
};

pub const HELP: &str = "\
Usage: mayday-stackwalker serve --symbols-url URL --cache DIR [options]

  --listen ADDRESS:PORT            where to listen; port 0 picks a free one (127.0.0.1:0)
  --symbols-url URL                http:// origin of the symbol server: URL/symbols/partial
  --cache DIR                      folder for partial symbol files; made when absent
  --cache-mib N                    its size, least recently used files go first (2048)
  --slots N                        walks at once (number of cores)
  --deadline-seconds N             wall time of one walk (60)
  --memory-mib N                   memory of one walk (1024, at least 32)
  --symbols-deadline-seconds N     time for one answer of the symbol server (10)
  --exit-with-parent               end when the process that started this one ends
  --help, --version

Prints one line when ready: {\"listening\":\"127.0.0.1:12345\",\"version\":\"0.1.0\"}
";

/// What to run.
#[derive(Debug)]
pub enum Command {
    Serve(ServeSettings),
    Walk(WalkSettings),
    Help,
    Version,
}

/// Settings of the service.
#[derive(Debug)]
pub struct ServeSettings {
    pub listen: SocketAddr,
    pub slots: usize,
    pub deadline_seconds: u64,
    pub exit_with_parent: bool,
    pub walk: WalkSettings,
}

/// Settings that the service hands on to each child.
#[derive(Debug, Clone)]
pub struct WalkSettings {
    pub symbols_url: String,
    pub cache: PathBuf,
    pub cache_mib: u64,
    pub memory_mib: u64,
    pub symbols_deadline_seconds: u64,
    /// Of one walk: it goes on without symbols whose index is being built.
    pub accept_missing_symbols: bool,
    /// Process id of the service; the child refuses to run under another.
    pub parent: u32,
}

/// Parses the arguments after the program's name.
pub fn parse(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let command = match parser.next()? {
        Some(Arg::Value(name)) => name.string()?,
        Some(Arg::Long("version") | Arg::Short('V')) => return Ok(Command::Version),
        Some(Arg::Long("help") | Arg::Short('h')) => return Ok(Command::Help),
        Some(other) => return Err(other.unexpected()),
        None => return Err("which command? Try: serve".into()),
    };
    if command != "serve" && command != "walk" {
        return Err(format!("unknown command {command:?}").into());
    }
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut slots = available_parallelism().map_or(1, usize::from);
    let mut deadline_seconds = DEFAULT_DEADLINE_SECONDS;
    let mut exit_with_parent = false;
    let (mut symbols_url, mut cache) = (None, None);
    let mut cache_mib = DEFAULT_CACHE_MIB;
    let mut memory_mib = DEFAULT_MEMORY_MIB;
    let mut symbols_deadline_seconds = DEFAULT_SYMBOLS_DEADLINE_SECONDS;
    let mut accept_missing_symbols = false;
    let mut parent = 0;
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("listen") => listen = parser.value()?.parse()?,
            Arg::Long("slots") => slots = parser.value()?.parse()?,
            Arg::Long("deadline-seconds") => deadline_seconds = parser.value()?.parse()?,
            Arg::Long("exit-with-parent") => exit_with_parent = true,
            Arg::Long("symbols-url") => symbols_url = Some(parser.value()?.string()?),
            Arg::Long("accept-missing-symbols") if command == "walk" => accept_missing_symbols = true,
            Arg::Long("cache") => cache = Some(PathBuf::from(parser.value()?)),
            Arg::Long("cache-mib") => cache_mib = parser.value()?.parse()?,
            Arg::Long("memory-mib") => memory_mib = parser.value()?.parse()?,
            Arg::Long("symbols-deadline-seconds") => symbols_deadline_seconds = parser.value()?.parse()?,
            Arg::Long("parent") => parent = parser.value()?.parse()?,
            Arg::Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    let symbols_url: String = symbols_url.ok_or("--symbols-url is missing")?;
    if !symbols_url.starts_with("http://") {
        return Err("--symbols-url must start with http:// (symbols come from one hop away)".into());
    }
    if slots == 0 || deadline_seconds == 0 || symbols_deadline_seconds == 0 {
        return Err("--slots and deadlines must be at least 1".into());
    }
    if !(MIN_MEMORY_MIB..=1 << 20).contains(&memory_mib) {
        return Err(format!("--memory-mib must be {MIN_MEMORY_MIB} to 1048576").into());
    }
    let walk = WalkSettings {
        symbols_url: symbols_url.trim_end_matches('/').to_owned(),
        cache: cache.ok_or("--cache is missing")?,
        cache_mib,
        memory_mib,
        symbols_deadline_seconds,
        accept_missing_symbols,
        parent,
    };
    Ok(match command.as_str() {
        "walk" => Command::Walk(walk),
        _ => Command::Serve(ServeSettings { listen, slots, deadline_seconds, exit_with_parent, walk }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &str) -> Result<Command, String> {
        parse(Parser::from_args(arguments.split_whitespace())).map_err(|error| error.to_string())
    }

    #[test]
    fn serve_has_the_documented_defaults() {
        let Ok(Command::Serve(settings)) = parsed("serve --symbols-url http://s.internal/ --cache /c") else {
            panic!("not a serve command");
        };
        assert_eq!(settings.deadline_seconds, 60);
        assert_eq!(settings.walk.memory_mib, 1024);
        assert_eq!(settings.walk.cache_mib, 2048);
        assert_eq!(settings.walk.symbols_url, "http://s.internal");
        assert!(settings.slots >= 1 && !settings.exit_with_parent);
    }

    #[test]
    fn a_wrong_argument_is_named() {
        let cases = [
            ("", "which command"),
            ("fly", "unknown command \"fly\""),
            ("serve --cache /c", "--symbols-url is missing"),
            ("serve --symbols-url http://s", "--cache is missing"),
            ("serve --symbols-url https://s --cache /c", "must start with http://"),
            ("serve --symbols-url http://s --cache /c --slots 0", "at least 1"),
            ("serve --symbols-url http://s --cache /c --memory-mib 8", "--memory-mib must be"),
            ("serve --nonsense", "--nonsense"),
        ];
        for (arguments, part) in cases {
            let error = parsed(arguments).err().unwrap_or_default();
            assert!(error.contains(part), "{arguments}: {error}");
        }
    }
}
