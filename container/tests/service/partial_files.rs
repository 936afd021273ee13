//! Partial symbol files: faults of the symbol server, symbols that change, and the cache.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::fixture;
use crate::process::{Folder, Service};
use crate::symbol_server::{Mode, SymbolServer, nobody};

const NULL_CHAIN: &str = "symbols/null_chain/F49225E21D4B88C1624374BBA355E5B50";

fn counts(body: &Value, name: &str) -> u64 {
    body["symbols"][name].as_u64().unwrap()
}

fn assert_stock(mut body: Value) {
    assert_eq!(fixture::without_symbol_urls(body["json_dump"].take()), fixture::reference("null_chain"));
}

/// Texts in the cache, without what is noted beside them.
fn texts(service: &Service) -> Vec<PathBuf> {
    let files = service.folder.files().into_iter();
    let texts = files.filter(|file| !file.ends_with("/index") && !file.ends_with("/checked"));
    texts.map(|file| service.folder.path.join(file)).collect()
}

#[test]
fn a_walk_without_symbols_is_a_walk_and_the_next_one_gets_them() {
    for fault in
        [Mode::Broken, Mode::Hanging, Mode::HalfAnAnswer, Mode::NotJson, Mode::Endless, Mode::Bomb, Mode::NotSym]
    {
        let symbols = SymbolServer::start(fault);
        let service = Service::start(&symbols.url, "--symbols-deadline-seconds 2");
        let without = service.stackwalk(&fixture::dump("null_chain")).body;
        assert_eq!(without["kind"], "walked", "{fault:?}");
        assert_eq!(without["json_dump"]["modules"][0]["missing_symbols"], true, "{fault:?}");
        assert_eq!(without["json_dump"]["crashing_thread"]["frames"][0]["missing_symbols"], true);
        assert!(counts(&without, "unavailable") >= 2, "{fault:?}: {}", without["symbols"]);
        assert_eq!(service.folder.files(), Vec::<String>::new(), "nothing of a fault is kept: {fault:?}");
        symbols.set(Mode::Gzip);
        assert_stock(service.stackwalk(&fixture::dump("null_chain")).body);
    }
}

#[test]
fn a_server_that_lies_about_ranges_or_leaves_addresses_out_is_unavailable_and_asked_a_few_times() {
    for fault in [Mode::OtherRanges, Mode::Unanswered] {
        let symbols = SymbolServer::start(fault);
        let service = Service::start(&symbols.url, "");
        let body = service.stackwalk(&fixture::dump("null_chain")).body;
        assert_eq!(body["kind"], "walked");
        assert!(counts(&body, "unavailable") >= 1, "{fault:?}");
        let requests = symbols.take_requests().len();
        assert!(requests <= 60, "{fault:?}: {requests}");
    }
}

#[test]
fn a_symbol_server_that_is_not_there_costs_no_time() {
    let service = Service::start(&nobody(), "");
    let started = Instant::now();
    let body = service.stackwalk(&fixture::dump("heap_threads")).body;
    assert_eq!(body["kind"], "walked");
    assert_eq!(body["json_dump"]["thread_count"], fixture::reference("heap_threads")["thread_count"]);
    assert!(counts(&body, "unavailable") > 0);
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_missing_module_is_asked_for_again() {
    let symbols = SymbolServer::start(Mode::Nothing);
    let service = Service::start(&symbols.url, "");
    let body = service.stackwalk(&fixture::dump("null_chain")).body;
    assert_eq!(counts(&body, "unavailable"), 0);
    assert!(counts(&body, "missing") >= 2);
    assert_eq!(service.folder.files(), Vec::<String>::new());
    symbols.set(Mode::Gzip);
    assert_stock(service.stackwalk(&fixture::dump("null_chain")).body);
}

#[test]
fn what_is_cached_is_not_fetched_again_and_a_torn_text_is() {
    let symbols = SymbolServer::start(Mode::Gzip);
    let service = Service::start(&symbols.url, "");
    assert_stock(service.stackwalk(&fixture::dump("null_chain")).body);
    let kept = texts(&service);
    assert!(kept.iter().any(|file| file.to_string_lossy().contains(NULL_CHAIN)), "{kept:?}");
    assert!(symbols.take_requests().iter().flatten().any(|(file, _)| file == "libc.so.6"));

    let body = service.stackwalk(&fixture::dump("null_chain")).body;
    assert_eq!((counts(&body, "cached"), counts(&body, "fetched")), (2, 0));
    assert_stock(body);
    // Only a module that is missing may be asked for again.
    let asked: Vec<_> = symbols.take_requests().into_iter().flatten().map(|(file, _)| file).collect();
    assert!(!asked.iter().any(|file| file == "null_chain" || file == "libc.so.6"), "{asked:?}");

    let whole: Vec<_> = kept.iter().map(|file| fs::read(file).unwrap()).collect();
    // The half ends with a line: it is a sym file, only not the whole one.
    let half = |text: &[u8]| text[..text.len() / 2].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for length in [|_: &[u8]| 0, half] {
        for (file, whole) in kept.iter().zip(&whole) {
            fs::write(file, &whole[..length(whole)]).unwrap();
        }
        let body = service.stackwalk(&fixture::dump("null_chain")).body;
        assert_eq!(counts(&body, "fetched"), 2);
        assert_stock(body);
    }
}

#[test]
fn after_ten_minutes_the_server_confirms_what_is_cached_without_sending_it_if_it_can() {
    let symbols = SymbolServer::start(Mode::Gzip);
    let service = Service::start(&symbols.url, "");
    let first = service.stackwalk(&fixture::dump("null_chain")).body;
    symbols.take_requests();
    let age = || {
        for file in service.folder.files().into_iter().filter(|file| file.ends_with("/checked")) {
            let file = fs::File::options().write(true).open(service.folder.path.join(file)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(601)).unwrap();
        }
    };
    age();
    let body = service.stackwalk(&fixture::dump("null_chain")).body;
    assert_eq!(counts(&body, "cached"), 2);
    assert!(counts(&body, "bytes") * 2 < counts(&first, "bytes"), "{} {}", body["symbols"], first["symbols"]);
    assert_stock(body);
    let requests = symbols.take_requests();
    assert_eq!(requests.len(), 1);
    for module in ["null_chain", "libc.so.6"] {
        assert!(requests[0].iter().any(|(file, addresses)| file == module && addresses.is_empty()), "{requests:?}");
    }

    age();
    symbols.set(Mode::Broken);
    let body = service.stackwalk(&fixture::dump("null_chain")).body;
    assert_eq!(counts(&body, "cached"), 2, "what cannot be confirmed is used: {}", body["symbols"]);
    assert_stock(body);
    symbols.set(Mode::Gzip);
    symbols.replace_after(0, "other-1.1");
    let body = service.stackwalk(&fixture::dump("null_chain")).body;
    assert_eq!(counts(&body, "fetched"), 2);
    assert_stock(body);
    assert!(texts(&service).iter().all(|file| file.to_string_lossy().contains("/other-1.1/")), "{:?}", texts(&service));
}

#[test]
fn symbols_that_change_during_a_walk_start_it_again() {
    for after in 1..4 {
        let symbols = SymbolServer::start(Mode::OneAddress);
        symbols.replace_after(after, "other-1.1");
        let service = Service::start(&symbols.url, "");
        let body = service.stackwalk(&fixture::dump("null_chain")).body;
        assert_eq!(counts(&body, "fetched"), 2, "{after}");
        let offset = body["json_dump"]["crashing_thread"]["frames"][0]["module_offset"].as_str().unwrap();
        let pointer = offset.trim_start_matches("0x").trim_start_matches('0');
        assert_stock(body.clone());
        // What was answered with the old symbols is asked for again.
        let requests = symbols.take_requests();
        let asked = requests.iter().flatten().filter(|(file, _)| file == "null_chain");
        let times = asked.filter(|(_, addresses)| addresses.iter().any(|address| address == pointer)).count();
        assert!(times >= 2, "{after}: {requests:?}");
        assert!(texts(&service).iter().all(|file| file.to_string_lossy().contains("/other-1.1/")), "{after}");
    }
}

#[test]
fn symbols_whose_index_is_being_built_are_waited_for_by_name_until_they_need_not_be() {
    let symbols = SymbolServer::start(Mode::Indexing);
    let service = Service::start(&symbols.url, "");
    let answer = service.stackwalk(&fixture::dump("null_chain"));
    let expected = json!({ "kind": "unavailable", "reason": "symbols_indexing", "retry_after_seconds": 5 });
    assert_eq!((answer.status, answer.body), (503, expected));
    assert!(answer.head.contains("\r\nretry-after: 5"), "{}", answer.head);
    assert_eq!(symbols.take_requests().len(), 1);

    let options = URL_SAFE_NO_PAD.encode(r#"{"accept_missing_symbols":true}"#);
    let answer = service.stackwalk_with(&format!("Mayday-Options: {options}\r\n"), &fixture::dump("null_chain"));
    assert_eq!((answer.status, &answer.body["kind"]), (200, &"walked".into()));
    assert_eq!(counts(&answer.body, "unavailable"), 2);
    assert_eq!(answer.body["json_dump"]["modules"][0]["missing_symbols"], true);

    symbols.set(Mode::Gzip);
    assert_stock(service.stackwalk(&fixture::dump("null_chain")).body);
}

#[test]
fn a_corrupt_sym_file_is_reported_and_not_kept() {
    let symbols = SymbolServer::start(Mode::Corrupt);
    let service = Service::start(&symbols.url, "");
    let body = service.stackwalk(&fixture::dump("null_chain")).body;
    let module = &body["json_dump"]["modules"][0];
    assert_eq!((&module["corrupt_symbols"], &module["loaded_symbols"]), (&true.into(), &true.into()));
    assert!(counts(&body, "corrupt") >= 1);
    assert_eq!(service.folder.files(), Vec::<String>::new());
}

#[test]
fn the_least_recently_used_files_leave_a_full_cache() {
    let folder = Folder::new();
    let old = |name: &str, bytes: usize, age_seconds: u64| {
        let file = folder.path.join("symbols").join(name).join("0A0/e-1/0123456789abcdef");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, vec![b'x'; bytes]).unwrap();
        let used = SystemTime::now() - Duration::from_secs(age_seconds);
        fs::File::options().write(true).open(&file).unwrap().set_modified(used).unwrap();
    };
    old("newer", 900 << 10, 50);
    old("older", 700 << 10, 100);
    // At the start: 1.6 MiB in a cache of 1 MiB.
    let symbols = SymbolServer::start(Mode::Gzip);
    let service = Service::start_in(folder, &symbols.url, "--cache-mib 1");
    assert_eq!(service.folder.files(), ["symbols/newer/0A0/e-1/0123456789abcdef"]);
    // After walks whose texts do not fit beside it.
    for name in fixture::NAMES {
        service.stackwalk(&fixture::dump(name));
    }
    let files = service.folder.files();
    assert!(!files.iter().any(|file| file.contains("/newer/")), "{files:?}");
    assert!(!files.is_empty());
    let bytes: u64 = files.iter().map(|file| fs::metadata(service.folder.path.join(file)).unwrap().len()).sum();
    assert!(bytes <= 1 << 20, "{bytes}");
}

#[test]
fn a_cache_that_cannot_be_written_costs_only_the_caching() {
    let symbols = SymbolServer::start(Mode::Gzip);
    let service = Service::start(&symbols.url, "");
    // The folder for temporary files is a file now: root may write anywhere, so permissions would not do.
    fs::remove_dir(service.folder.path.join("tmp")).unwrap();
    fs::write(service.folder.path.join("tmp"), "").unwrap();
    let body = service.stackwalk(&fixture::dump("null_chain")).body;
    assert_eq!((counts(&body, "fetched"), counts(&body, "unavailable")), (2, 0));
    assert_stock(body);
    assert_eq!(service.folder.files(), ["tmp"]);
}
