//! Slots, clients that leave, and how the service ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::fixture;
use crate::process::{Folder, Service, children_of, command, eventually, is_running, read_response};
use crate::symbol_server::{Mode, SymbolServer, nobody};

/// A service whose only slot is taken by a walk that waits for symbols.
fn occupied() -> (Service, std::net::TcpStream, u32) {
    let symbols = SymbolServer::start(Mode::Hanging);
    let service = Service::start(&symbols.url, "--slots 1");
    let stream = service.send_dump("", &fixture::dump("null_chain"));
    eventually("the walk asks for symbols", || !symbols.take_requests().is_empty());
    let children = children_of(service.child.id());
    assert_eq!(children.len(), 1);
    (service, stream, children[0])
}

#[test]
fn above_its_slots_the_service_answers_busy_at_once() {
    let (service, _stream, _) = occupied();
    assert_eq!(
        service.request("GET", "/__heartbeat__").body,
        json!({ "ok": true, "version": env!("CARGO_PKG_VERSION"), "busy": 1, "slots": 1 })
    );
    let mut large = fixture::dump("null_chain");
    large.resize(20 << 20, 0);
    for dump in [fixture::dump("null_chain"), large] {
        let started = Instant::now();
        let answer = service.stackwalk(&dump);
        assert_eq!((answer.status, answer.body), (503, json!({ "kind": "busy" })));
        assert!(answer.head.contains("\r\nretry-after: 2"), "{}", answer.head);
        assert!(started.elapsed() < Duration::from_secs(8));
    }
}

#[test]
fn a_client_that_leaves_takes_its_child_with_it() {
    let (service, stream, child) = occupied();
    drop(stream);
    eventually("the child is gone", || !is_running(child));
    eventually("the slot is free", || service.busy() == 0);
    assert_eq!(service.folder.files(), Vec::<String>::new());
}

#[test]
fn a_child_dies_with_a_service_that_is_killed() {
    let (mut service, _stream, child) = occupied();
    service.child.kill().unwrap();
    service.child.wait().unwrap();
    eventually("the child is gone", || !is_running(child));
}

#[test]
fn on_sigterm_and_sigint_walks_are_answered_children_killed_and_the_exit_is_clean() {
    for name in ["TERM", "INT"] {
        let (mut service, mut stream, child) = occupied();
        service.signal(name);
        let answer = read_response(&mut stream);
        assert_eq!((answer.status, answer.body), (503, json!({ "kind": "unavailable", "reason": "shutting_down" })));
        let started = Instant::now();
        assert!(service.child.wait().unwrap().success());
        assert!(started.elapsed() < Duration::from_secs(8));
        assert!(!is_running(child));
    }
}

/// A failing test leaves no process behind either.
struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn with_exit_with_parent_the_service_ends_when_its_parent_is_killed() {
    let folder = Folder::new();
    let serve = command(&folder, &nobody(), "--exit-with-parent");
    let arguments = serve.get_args().map(|argument| format!("'{}'", argument.to_str().unwrap())).collect::<Vec<_>>();
    let script = format!("'{}' {} & echo $!; wait", serve.get_program().to_str().unwrap(), arguments.join(" "));
    let mut command = Command::new("sh");
    command.args(["-c", &script]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut shell = KilledOnDrop(command.spawn().unwrap());
    let lines = BufReader::new(shell.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    // The process id and the line that says ready, in the order the scheduler likes.
    let mut lines: Vec<String> = lines.take(2).collect();
    lines.sort();
    assert!(lines[1].starts_with(r#"{"listening":"#), "{lines:?}");
    let service: u32 = lines[0].parse().unwrap();
    assert!(is_running(service));
    drop(shell);
    eventually("the service is gone", || !is_running(service));
}

#[test]
fn unknown_paths_and_methods_are_json() {
    let service = Service::start(&nobody(), "");
    let cases = [("GET", "/", 404, "not_found"), ("GET", "/stackwalk", 405, "method_not_allowed")];
    for (method, path, status, reason) in
        cases.into_iter().chain([("POST", "/__heartbeat__", 405, "method_not_allowed")])
    {
        let answer = service.request(method, path);
        assert_eq!(
            (answer.status, &answer.body["kind"], &answer.body["reason"]),
            (status, &"refused".into(), &reason.into())
        );
    }
}

#[test]
fn a_service_that_cannot_start_says_why_in_one_sentence() {
    let running = Service::start(&nobody(), "");
    let folder = Folder::new();
    fs::write(folder.path.join("file"), "").unwrap();
    let in_the_way = Folder { path: folder.path.join("file") };
    let port_in_use = format!("--listen {}", running.address);
    let cases = [
        (&folder, port_in_use.as_str(), "cannot listen on"),
        (&in_the_way, "", "cannot be made"),
        (&folder, "--slots none", "none"),
    ];
    for (cache, options, sentence) in cases {
        let output = command(cache, &nobody(), options).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains(sentence) && said.lines().count() == 1, "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_service_whose_standard_error_nobody_reads_lives_on() {
    let symbols = nobody();
    let folder = Folder::new();
    let mut child = command(&folder, &symbols, "").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    let service = Service::of(child, folder);
    for _ in 0..2 {
        assert_eq!(service.stackwalk(&fixture::dump("null_chain")).body["kind"], "walked");
    }
}
