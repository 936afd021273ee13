//! A symbol server over the fixture's sym files, with the faults a real one has.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::fixture;

#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    /// The gzipped file with Content-Encoding: gzip.
    Gzip,
    /// Inflated, without Content-Encoding.
    Plain,
    /// 404 for everything.
    Nothing,
    /// 500 for everything.
    Broken,
    /// Accepts and never answers.
    Hanging,
    /// Announces the whole file and closes after the half.
    HalfAFile,
    /// 200 with text that is no sym file.
    Corrupt,
    /// A gzip body of a sym file that inflates to about 100 MB.
    Bomb,
}

pub struct SymbolServer {
    pub url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    mode: Mode,
    paths: Vec<String>,
}

impl SymbolServer {
    /// Its threads end with the test process.
    pub fn start(mode: Mode) -> SymbolServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { mode, paths: Vec::new() }));
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                // A client that hangs up is no failure of the server.
                thread::spawn(move || answer(stream, &shared).ok());
            }
        });
        SymbolServer { url, state }
    }

    pub fn set(&self, mode: Mode) {
        self.state.lock().unwrap().mode = mode;
    }

    /// Paths asked for since the last call.
    pub fn take_paths(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().paths)
    }
}

/// A URL where nothing listens. Not a port that was free a moment ago: another test's server may get it.
pub fn nobody() -> String {
    "http://127.0.0.1:1".to_owned()
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap_or(Ok(String::new()))?;
    assert!(
        lines
            .by_ref()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .any(|line| line == "accept-encoding: gzip")
    );
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let mode = {
        let mut state = state.lock().unwrap();
        state.paths.push(path.clone());
        state.mode
    };
    let relative = percent_decode_str(path.trim_start_matches('/')).decode_utf8_lossy().into_owned();
    let file = fs::read(fixture::folder().join("symbols").join(format!("{relative}.gz"))).ok();
    let (status, encoding, body) = match (mode, file) {
        (Mode::Hanging, _) => {
            thread::sleep(Duration::from_secs(60));
            return Ok(());
        }
        (Mode::Broken, _) => ("500 Internal Server Error", "", b"broken".to_vec()),
        (Mode::Nothing, _) | (_, None) => ("404 Not Found", "", b"Symbol Not Found".to_vec()),
        (Mode::Corrupt, Some(_)) => ("200 OK", "", b"<html>not a sym file</html>\n".to_vec()),
        (Mode::Bomb, Some(_)) => ("200 OK", "Content-Encoding: gzip\r\n", bomb()),
        (Mode::Gzip | Mode::HalfAFile, Some(file)) => ("200 OK", "Content-Encoding: gzip\r\n", file),
        (Mode::Plain, Some(file)) => ("200 OK", "", inflate(&file)),
    };
    let sent = if mode == Mode::HalfAFile { body.len() / 2 } else { body.len() };
    write!(stream, "HTTP/1.1 {status}\r\n{encoding}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len())?;
    stream.write_all(&body[..sent])
}

fn inflate(file: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
    text
}

fn bomb() -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"MODULE Linux x86_64 000000000000000000000000000000000 bomb\n").unwrap();
    let lines = b"PUBLIC 1000 0 some_name_of_a_function_that_is_never_called\n".repeat(1000);
    for _ in 0..1700 {
        gzip.write_all(&lines).unwrap();
    }
    gzip.finish().unwrap()
}
