//! The limits of one walk: frames, output, memory, time, body.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::fixture;
use crate::process::{self, Service, children_of};
use crate::symbol_server::{Mode, SymbolServer, nobody};
use crate::synthetic;

#[test]
fn a_thread_above_500_frames_keeps_both_ends_and_its_true_count() {
    let service = Service::start(&nobody(), "");
    let body = service.stackwalk(&synthetic::dump(&[1300, 500, 501, 3])).body;
    let json_dump = &body["json_dump"];
    assert_eq!(json_dump["crashing_thread"]["threads_index"], 0);
    let threads = json_dump["threads"].as_array().unwrap();
    for (thread, count) in threads.iter().chain([&json_dump["crashing_thread"]]).zip([1300, 500, 501, 3, 1300]) {
        assert_eq!(thread["frame_count"], count);
        let numbers: Vec<u64> =
            thread["frames"].as_array().unwrap().iter().map(|frame| frame["frame"].as_u64().unwrap()).collect();
        let expected: Vec<u64> = match count {
            0..=500 => (0..count).collect(),
            _ => (0..250).chain(count - 250..count).collect(),
        };
        assert_eq!(numbers, expected);
    }
    // The kept frames are the true ones: the offset counts up with the frame number in these dumps.
    assert_eq!(threads[0]["frames"][499]["trust"], "scan");
    assert_eq!(threads[0]["frames"][499]["module_offset"], format!("0x{:016x}", 0x100 + 1299 - 1));
}

#[test]
fn a_small_dump_of_349186_frames_stays_within_the_limits() {
    let service = Service::start(&nobody(), "");
    let body = service.stackwalk(&synthetic::dump(&[349_186])).body;
    assert_eq!(body["kind"], "walked", "{}", body["status"]);
    assert_eq!(body["json_dump"]["crashing_thread"]["frame_count"], 349_186);
    assert_eq!(service.busy(), 0);
}

#[test]
fn a_walk_that_needs_more_memory_ends_as_out_of_memory() {
    let service = Service::start(&nobody(), "--memory-mib 64");
    let answer = service.stackwalk(&synthetic::dump(&[200_000]));
    assert_eq!((answer.status, &answer.body["status"]), (200, &"StackwalkOutOfMemory".into()));
    assert_eq!(answer.body["detail"], "the walk needed more than 64 MiB of memory");
    assert_eq!(service.stackwalk(&fixture::dump("null_chain")).body["kind"], "walked");
}

#[test]
fn an_answer_above_32_mib_ends_as_output_too_large() {
    let service = Service::start(&nobody(), "");
    let answer = service.stackwalk(&synthetic::dump_of(&"m".repeat(2000), &[500; 36]));
    assert_eq!((answer.status, &answer.body["status"]), (200, &"StackwalkOutputTooLarge".into()));
    assert_eq!(children_of(service.child.id()), Vec::<u32>::new());
}

#[test]
fn a_walk_above_its_deadline_is_killed() {
    let symbols = SymbolServer::start(Mode::Hanging);
    let service = Service::start(&symbols.url, "--deadline-seconds 1");
    let started = Instant::now();
    let answer = service.stackwalk(&fixture::dump("null_chain"));
    assert_eq!((answer.status, &answer.body["status"]), (200, &"StackwalkTimeout".into()));
    assert!(started.elapsed() < Duration::from_secs(8));
    assert_eq!(children_of(service.child.id()), Vec::<u32>::new());
    symbols.set(Mode::Gzip);
    assert_eq!(service.stackwalk(&fixture::dump("null_chain")).body["kind"], "walked");
}

#[test]
fn a_body_above_50_mib_is_refused_announced_or_not() {
    let service = Service::start(&nobody(), "");
    let body = vec![b'x'; (50 << 20) + 1];
    let answer = service.stackwalk(&body);
    assert_eq!((answer.status, &answer.body["reason"]), (413, &"body_too_large".into()));
    let mut stream = process::connect(&service.address);
    let head = "POST /stackwalk HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    write!(stream, "{head}{:x}\r\n", body.len()).unwrap();
    stream.write_all(&body).unwrap();
    stream.write_all(b"\r\n0\r\n\r\n").unwrap();
    let answer = process::read_response(&mut stream);
    assert_eq!((answer.status, &answer.body["kind"]), (413, &"refused".into()));
}

#[test]
fn a_body_of_exactly_50_mib_is_walked() {
    let service = Service::start(&nobody(), "");
    let mut dump = fixture::dump("null_chain");
    dump.resize(50 << 20, 0);
    assert_eq!(service.stackwalk(&dump).body["kind"], "walked");
}
