//! A server of partial symbol files over the fixture's sym files, with the faults a real one has.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::fixture;
use crate::partial_text::WholeFile;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Mode {
    /// As JSON with Content-Encoding: gzip.
    Gzip,
    /// Without Content-Encoding.
    Plain,
    /// One address a module and answer; the others are `unanswered`.
    OneAddress,
    /// `missing` for everything.
    Nothing,
    /// `indexing` for everything that is there.
    Indexing,
    /// `corrupt` for everything that is there.
    Corrupt,
    /// 500 for everything.
    Broken,
    /// Accepts and never answers.
    Hanging,
    /// Announces the whole answer and closes after the half.
    HalfAnAnswer,
    /// 200 with text that is no JSON.
    NotJson,
    /// 200 and white space without end.
    Endless,
    /// A gzip body that inflates to about 100 MB of JSON.
    Bomb,
    /// Says that the text holds for other addresses than those asked for.
    OtherRanges,
    /// Answers no address, ever.
    Unanswered,
    /// A text that is no sym file.
    NotSym,
}

/// One request: the addresses of each module by debug file.
pub type Asked = Vec<(String, Vec<String>)>;

pub struct SymbolServer {
    pub url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    mode: Mode,
    etag: String,
    /// What the etag becomes after so many further requests.
    next_etag: Option<(usize, String)>,
    requests: Vec<Asked>,
    open: usize,
    most_open: usize,
}

impl SymbolServer {
    /// Its threads end with the test process.
    pub fn start(mode: Mode) -> SymbolServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let etag = "5d1c-1.1".to_owned();
        let state = State { mode, etag, next_etag: None, requests: Vec::new(), open: 0, most_open: 0 };
        let state = Arc::new(Mutex::new(state));
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

    /// Replaces all symbols after `requests` more requests.
    pub fn replace_after(&self, requests: usize, etag: &str) {
        self.state.lock().unwrap().next_etag = Some((requests, etag.to_owned()));
    }

    /// Requests since the last call.
    pub fn take_requests(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    /// The most requests that were open at one time.
    pub fn most_open(&self) -> usize {
        self.state.lock().unwrap().most_open
    }
}

/// A URL where nothing listens. Not a port that was free a moment ago: another test's server may get it.
pub fn nobody() -> String {
    "http://127.0.0.1:1".to_owned()
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    assert!(head.starts_with("POST /symbols/partial HTTP/1.1\r\n") && head.contains("accept-encoding: gzip"), "{head}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body)?;
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let asked: Vec<Module> = asked["modules"].as_array().unwrap().iter().map(Module::of).collect();
    let (mode, etag) = {
        let mut state = state.lock().unwrap();
        state.requests.push(asked.iter().map(|asked| (asked.file.clone(), asked.addresses.clone())).collect());
        state.open += 1;
        state.most_open = state.most_open.max(state.open);
        match state.next_etag.take() {
            Some((0, etag)) => state.etag = etag,
            Some((left, etag)) => state.next_etag = Some((left - 1, etag)),
            None => {}
        }
        (state.mode, state.etag.clone())
    };
    let sent = send(&mut stream, mode, &etag, &asked);
    state.lock().unwrap().open -= 1;
    sent
}

struct Module {
    file: String,
    id: String,
    addresses: Vec<String>,
}

impl Module {
    fn of(json: &Value) -> Module {
        let text = |field: &str| json[field].as_str().unwrap().to_owned();
        let addresses = json["addresses"].as_array().unwrap().iter();
        let addresses = addresses.map(|address| address.as_str().unwrap().to_owned()).collect();
        Module { file: text("debug_file"), id: text("debug_id"), addresses }
    }
}

fn send(stream: &mut TcpStream, mode: Mode, etag: &str, asked: &[Module]) -> std::io::Result<()> {
    let json = || {
        let outcomes: Vec<Value> = asked.iter().map(|asked| outcome(mode, etag, asked)).collect();
        json!({ "modules": outcomes }).to_string().into_bytes()
    };
    let gzip = "Content-Encoding: gzip\r\n";
    let (status, encoding, body) = match mode {
        Mode::Hanging => {
            thread::sleep(Duration::from_secs(60));
            return Ok(());
        }
        Mode::Endless => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[b' '; 1000])?;
                thread::sleep(Duration::from_millis(20));
            }
        }
        Mode::Broken => ("500 Internal Server Error", "", b"broken".to_vec()),
        Mode::NotJson => ("200 OK", "", b"<html>not JSON</html>\n".to_vec()),
        Mode::Bomb => ("200 OK", gzip, deflate(&vec![b' '; 100 << 20])),
        Mode::Plain => ("200 OK", "", json()),
        _ => ("200 OK", gzip, deflate(&json())),
    };
    let sent = if mode == Mode::HalfAnAnswer { body.len() / 2 } else { body.len() };
    write!(stream, "HTTP/1.1 {status}\r\n{encoding}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len())?;
    stream.write_all(&body[..sent])
}

fn outcome(mode: Mode, etag: &str, asked: &Module) -> Value {
    let Some(whole) = whole_file(asked).filter(|_| mode != Mode::Nothing) else { return json!({ "kind": "missing" }) };
    let addresses: Vec<u64> = asked.addresses.iter().map(|address| u64::from_str_radix(address, 16).unwrap()).collect();
    let answered = match mode {
        Mode::Indexing => return json!({ "kind": "indexing", "retry_after_seconds": 5 }),
        Mode::Corrupt => return json!({ "kind": "corrupt", "line": 7, "reason": "failed to parse file" }),
        Mode::OneAddress => addresses.len().min(1),
        Mode::Unanswered => 0,
        _ => addresses.len(),
    };
    let (mut sym, mut ranges) = whole.part(&addresses[..answered]);
    match mode {
        Mode::OtherRanges => ranges = vec![(u64::MAX - 1, 1 << 64)],
        Mode::NotSym => sym = "FUNC zz\n".into(),
        _ => {}
    }
    let ranges: Vec<_> = ranges.iter().map(|(start, end)| (format!("{start:x}"), format!("{end:x}"))).collect();
    let unanswered = &asked.addresses[answered..];
    json!({ "kind": "found", "etag": etag, "sym": sym, "ranges": ranges, "unanswered": unanswered })
}

/// Parsed once: every test asks for the same few.
fn whole_file(asked: &Module) -> Option<Arc<WholeFile>> {
    static FILES: OnceLock<Mutex<HashMap<String, Arc<WholeFile>>>> = OnceLock::new();
    let path = format!("{0}/{1}/{0}.sym.gz", asked.file, asked.id);
    let file = fs::File::open(fixture::folder().join("symbols").join(&path)).ok()?;
    let mut files = FILES.get_or_init(Mutex::default).lock().unwrap();
    let parsed = files.entry(path).or_insert_with(|| {
        let mut text = String::new();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        Arc::new(WholeFile::parse(&text))
    });
    Some(parsed.clone())
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}
