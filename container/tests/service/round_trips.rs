//! How often a walk asks, counted at the server.

use std::collections::HashSet;
use std::thread;

use serde_json::Value;

use crate::fixture::{self, NAMES};
use crate::process::Service;
use crate::symbol_server::{Asked, Mode, SymbolServer};

fn deepest_thread(json_dump: &Value) -> usize {
    let threads = json_dump["threads"].as_array().unwrap().iter();
    threads.map(|thread| usize::try_from(thread["frame_count"].as_u64().unwrap()).unwrap()).max().unwrap()
}

#[test]
fn a_fixture_costs_a_few_requests_one_after_the_other() {
    for name in NAMES {
        let symbols = SymbolServer::start(Mode::Gzip);
        let body = Service::start(&symbols.url, "").stackwalk(&fixture::dump(name)).body;
        let requests = symbols.take_requests().len();
        assert!(requests <= 3, "{name}: {requests}");
        assert_eq!(body["symbols"]["requests"], requests);
        assert_eq!(symbols.most_open(), 1);
        assert!(body["symbols"]["bytes"].as_u64().unwrap() > 0);
    }
}

#[test]
fn a_server_that_answers_one_address_at_a_time_is_asked_at_most_twice_a_frame() {
    for name in NAMES {
        let symbols = SymbolServer::start(Mode::OneAddress);
        let json_dump = Service::start(&symbols.url, "").stackwalk(&fixture::dump(name)).body["json_dump"].take();
        let (requests, frames) = (symbols.take_requests().len(), deepest_thread(&json_dump));
        let threads = json_dump["threads"].as_array().unwrap().len();
        // Each thread's contexts are wanted at once and answered one by one.
        assert!(requests <= 2 * frames + threads, "{name}: {requests} for {frames} frames");
    }
}

#[test]
fn the_first_request_has_the_instruction_pointers_of_all_threads_and_no_address_is_asked_for_twice() {
    let symbols = SymbolServer::start(Mode::Gzip);
    let service = Service::start(&symbols.url, "");
    let json_dump = service.stackwalk(&fixture::dump("heap_threads")).body["json_dump"].take();
    let requests = symbols.take_requests();
    let threads = json_dump["threads"].as_array().unwrap();
    assert!(threads.len() > 1);
    for thread in threads {
        let frame = &thread["frames"][0];
        let offset = frame["module_offset"].as_str().unwrap().trim_start_matches("0x").trim_start_matches('0');
        assert!(has(&requests[0], frame["module"].as_str().unwrap(), offset), "{offset}: {requests:?}");
    }
    let mut seen = HashSet::new();
    for (file, addresses) in requests.iter().flatten() {
        for address in addresses {
            assert!(seen.insert((file, address)), "{file} {address} was asked for twice");
        }
    }
}

fn has(asked: &Asked, module: &str, offset: &str) -> bool {
    asked.iter().any(|(file, addresses)| file == module && addresses.iter().any(|address| address == offset))
}

#[test]
fn five_dumps_at_once_are_the_stock_json() {
    let symbols = SymbolServer::start(Mode::Gzip);
    let service = Service::start(&symbols.url, "--slots 5");
    // Again with what the first five left in the cache.
    for _ in 0..2 {
        thread::scope(|scope| {
            for name in NAMES {
                let service = &service;
                scope.spawn(move || {
                    let json_dump = service.stackwalk(&fixture::dump(name)).body["json_dump"].take();
                    assert_eq!(fixture::without_symbol_urls(json_dump), fixture::reference(name), "{name}");
                });
            }
        });
    }
}
