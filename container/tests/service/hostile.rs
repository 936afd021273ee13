//! Dumps nobody meant to be walked: each ends as a named outcome and the service lives.

use std::thread;

use serde_json::Value;

use crate::fixture::{self, NAMES};
use crate::process::Service;
use crate::symbol_server::nobody;

/// Every status the contract names for the contents of a dump.
const STATUSES: [&str; 21] = [
    "CodeViewReadFailure",
    "DataError",
    "EmptyMinidump",
    "FileNotFound",
    "HeaderMismatch",
    "IoError",
    "MemoryReadFailure",
    "MinidumpReadError",
    "MissingDirectory",
    "MissingHeader",
    "MissingSystemInfo",
    "MissingThreadList",
    "ModuleReadFailure",
    "StackwalkCrashed",
    "StackwalkOutOfMemory",
    "StackwalkOutputTooLarge",
    "StackwalkTimeout",
    "StreamNotFound",
    "StreamReadFailure",
    "StreamSizeMismatch",
    "VersionMismatch",
];

fn assert_named(body: &Value, what: &str) {
    match body["kind"].as_str() {
        Some("walked") => assert!(body["json_dump"]["threads"].is_array(), "{what}"),
        Some("failed") => {
            let status = body["status"].as_str().unwrap();
            assert!(STATUSES.contains(&status), "{what}: {status}");
            assert!(body["detail"].is_string() && body["stackwalk_version"].is_string(), "{what}");
        }
        _ => panic!("{what}: {body}"),
    }
}

fn assert_alive(service: &Service) {
    assert_eq!(service.busy(), 0);
    assert_eq!(service.stackwalk(&fixture::dump("null_chain")).body["kind"], "walked");
    assert_eq!(service.folder.files(), Vec::<String>::new());
}

#[test]
fn empty_and_garbage_have_the_stock_status_names() {
    let service = Service::start(&nobody(), "");
    let mut wrong_version = fixture::dump("null_chain");
    wrong_version[4] ^= 0xff;
    let mut no_streams = fixture::dump("null_chain");
    no_streams[8..12].fill(0);
    let cases: [(&[u8], &str); 6] = [
        (b"", "EmptyMinidump"),
        (b"MDMP", "MissingHeader"),
        (&[b'x'; 4096], "HeaderMismatch"),
        (&wrong_version, "VersionMismatch"),
        (&fixture::dump("null_chain")[..64], "MissingDirectory"),
        (&no_streams, "MissingThreadList"),
    ];
    for (dump, status) in cases {
        let answer = service.stackwalk(dump);
        assert_eq!(
            (answer.status, &answer.body["kind"], &answer.body["status"]),
            (200, &"failed".into(), &status.into())
        );
    }
    assert_alive(&service);
}

#[test]
fn a_dump_cut_anywhere_is_a_named_outcome() {
    let service = Service::start(&nobody(), "");
    for name in NAMES {
        let dump = fixture::dump(name);
        for part in [31, 32, 100, 1000, dump.len() / 4, dump.len() / 2, dump.len() * 3 / 4, dump.len() - 1] {
            let answer = service.stackwalk(&dump[..part]);
            assert_eq!(answer.status, 200);
            assert_named(&answer.body, &format!("{name} cut at {part}"));
        }
    }
    assert_alive(&service);
}

#[test]
fn four_hundred_dumps_with_flipped_bits_are_named_outcomes() {
    let service = Service::start(&nobody(), "--slots 4 --memory-mib 256 --deadline-seconds 10");
    thread::scope(|scope| {
        for worker in 0..2u64 {
            let service = &service;
            scope.spawn(move || {
                for seed in (worker..400).step_by(2) {
                    let dump = flipped(fixture::dump(NAMES[seed as usize % NAMES.len()]), seed);
                    let answer = service.stackwalk(&dump);
                    assert_eq!(answer.status, 200, "seed {seed}");
                    assert_named(&answer.body, &format!("seed {seed}"));
                }
            });
        }
    });
    assert_alive(&service);
}

/// Flips 1 to 32 bits; every second dump only in its first 4 KiB, where header, directory and lists lie.
fn flipped(mut dump: Vec<u8>, seed: u64) -> Vec<u8> {
    let mut state = seed + 1;
    let mut random = move || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize
    };
    let reach = if seed.is_multiple_of(2) { dump.len() } else { 4096 };
    for _ in 0..1 + random() % 32 {
        let position = random() % reach;
        dump[position] ^= 1 << (random() % 8);
    }
    dump
}
