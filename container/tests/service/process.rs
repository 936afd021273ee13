//! Starts the service, speaks HTTP to it and looks at its processes.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longer than anything a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Service {
    pub child: Child,
    pub address: String,
    pub folder: Folder,
}

pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Service {
    /// With `--symbols-url URL` and a cache of its own; `options` are more arguments, separated by spaces.
    pub fn start(symbols_url: &str, options: &str) -> Service {
        Service::start_in(Folder::new(), symbols_url, options)
    }

    pub fn start_in(folder: Folder, symbols_url: &str, options: &str) -> Service {
        let child = command(&folder, symbols_url, options).stdout(Stdio::piped()).spawn().unwrap();
        Service::of(child, folder)
    }

    /// A started process whose standard output is piped.
    pub fn of(mut child: Child, folder: Folder) -> Service {
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["version"], env!("CARGO_PKG_VERSION"));
        Service { child, address: ready["listening"].as_str().unwrap().to_owned(), folder }
    }

    pub fn stackwalk(&self, dump: &[u8]) -> Response {
        self.stackwalk_with("", dump)
    }

    /// `headers` is whole lines, each with its CRLF.
    pub fn stackwalk_with(&self, headers: &str, dump: &[u8]) -> Response {
        let mut stream = self.send_dump(headers, dump);
        read_response(&mut stream)
    }

    /// Sends a dump and hands back the open connection.
    pub fn send_dump(&self, headers: &str, dump: &[u8]) -> TcpStream {
        let mut stream = connect(&self.address);
        let head = format!(
            "POST /stackwalk HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
            dump.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(dump).unwrap();
        stream
    }

    pub fn request(&self, method: &str, path: &str) -> Response {
        let mut stream = connect(&self.address);
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        read_response(&mut stream)
    }

    pub fn busy(&self) -> u64 {
        self.request("GET", "/__heartbeat__").body["busy"].as_u64().unwrap()
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn command(folder: &Folder, symbols_url: &str, options: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mayday-stackwalker"));
    command.args(["serve", "--symbols-url", symbols_url, "--cache"]).arg(&folder.path);
    command.args(options.split_whitespace()).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub fn read_response(stream: &mut TcpStream) -> Response {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a response head");
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap().to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(head.contains("\r\ncontent-type: application/json"), "{head}");
    Response { status, head, body: serde_json::from_slice(&bytes[head_end + 4..]).unwrap() }
}

/// Process ids whose parent is `parent`.
pub fn children_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| parent_and_state(*id).is_some_and(|(of, _)| of == parent)).collect()
}

/// False also for a zombie that nobody has reaped yet.
pub fn is_running(id: u32) -> bool {
    parent_and_state(id).is_some_and(|(_, state)| state != 'Z')
}

fn parent_and_state(id: u32) -> Option<(u32, char)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((fields.next()?.parse().ok()?, state))
}

/// Waits until `condition` holds, or fails the test.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(10), "not within 10 s: {what}");
        sleep(Duration::from_millis(5));
    }
}

/// A temporary folder that goes with the test.
pub struct Folder {
    pub path: PathBuf,
}

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("mayday-stackwalker-test-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder { path }
    }

    /// Every file below, relative to the folder, sorted.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        collect(&self.path, &mut files);
        let mut names: Vec<String> =
            files.iter().map(|file| file.strip_prefix(&self.path).unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => collect(&path, files),
            path => files.push(path),
        }
    }
}
