//! Sym files: faults of the symbol server, and the cache.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::fixture;
use crate::process::{Folder, Service};
use crate::symbol_server::{Mode, SymbolServer, nobody};

fn counts(body: &Value, name: &str) -> u64 {
    body["symbols"][name].as_u64().unwrap()
}

#[test]
fn a_walk_without_symbols_is_a_walk_and_the_next_one_gets_them() {
    for fault in [Mode::Broken, Mode::Hanging, Mode::HalfAFile] {
        let symbols = SymbolServer::start(fault);
        let service = Service::start(&symbols.url, "--symbols-deadline-seconds 2");
        let without = service.stackwalk(&fixture::dump("null_chain")).body;
        assert_eq!(without["kind"], "walked");
        assert_eq!(without["json_dump"]["modules"][0]["missing_symbols"], true);
        assert_eq!(without["json_dump"]["crashing_thread"]["frames"][0]["missing_symbols"], true);
        assert!(counts(&without, "unavailable") >= 2);
        assert_eq!(service.folder.files(), Vec::<String>::new(), "neither a miss nor half a file is kept");
        symbols.set(Mode::Gzip);
        let with = service.stackwalk(&fixture::dump("null_chain")).body["json_dump"].take();
        assert_eq!(fixture::without_symbol_urls(with), fixture::reference("null_chain"));
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
fn a_404_is_missing_and_is_asked_again() {
    let symbols = SymbolServer::start(Mode::Nothing);
    let service = Service::start(&symbols.url, "");
    let body = service.stackwalk(&fixture::dump("null_chain")).body;
    assert_eq!(body["symbols"]["unavailable"], 0);
    assert_eq!(symbols.take_paths().len() as u64, counts(&body, "missing"));
    symbols.set(Mode::Gzip);
    let body = service.stackwalk(&fixture::dump("null_chain")).body;
    assert_eq!(counts(&body, "fetched"), 2);
}

#[test]
fn a_cached_file_is_not_fetched_again_and_a_torn_one_is() {
    let symbols = SymbolServer::start(Mode::Gzip);
    let service = Service::start(&symbols.url, "");
    service.stackwalk(&fixture::dump("null_chain"));
    let cached = "symbols/null_chain/F49225E21D4B88C1624374BBA355E5B50/null_chain.sym";
    assert!(service.folder.files().contains(&cached.to_owned()), "{:?}", service.folder.files());
    assert!(service.folder.files().iter().all(|file| !file.starts_with("tmp/")));
    assert!(symbols.take_paths().iter().any(|path| path.contains("libc.so.6")));

    service.stackwalk(&fixture::dump("null_chain"));
    assert!(symbols.take_paths().iter().all(|path| !path.contains("/null_chain/") && !path.contains("libc.so.6/")));

    let file = service.folder.path.join(cached);
    let text = fs::read_to_string(&file).unwrap();
    let (half, _) = text.split_at(text[..text.len() / 2].rfind('\n').unwrap() + 1);
    for torn in ["", half] {
        fs::write(&file, torn).unwrap();
        let body = service.stackwalk(&fixture::dump("null_chain")).body;
        assert_eq!(counts(&body, "fetched"), 1);
        assert_eq!(fixture::without_symbol_urls(body["json_dump"].clone()), fixture::reference("null_chain"));
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn a_corrupt_sym_file_is_reported_and_not_kept() {
    let symbols = SymbolServer::start(Mode::Corrupt);
    let service = Service::start(&symbols.url, "");
    let body = service.stackwalk(&fixture::dump("null_chain")).body;
    assert_eq!(body["json_dump"]["modules"][0]["corrupt_symbols"], true);
    assert!(counts(&body, "corrupt") >= 1);
    assert_eq!(service.folder.files(), Vec::<String>::new());
}

#[test]
fn a_sym_file_too_large_for_the_memory_of_the_walk_counts_as_missing() {
    let symbols = SymbolServer::start(Mode::Bomb);
    let service = Service::start(&symbols.url, "--memory-mib 128");
    let body = service.stackwalk(&fixture::dump("null_chain")).body;
    assert_eq!(body["kind"], "walked");
    assert_eq!(body["json_dump"]["modules"][0]["missing_symbols"], true);
    assert_eq!(counts(&body, "fetched"), 0);
    assert_eq!(service.folder.files(), Vec::<String>::new());
}

#[test]
fn the_least_recently_used_files_leave_a_full_cache() {
    let folder = Folder::new();
    let old = |name: &str, age_seconds: u64| {
        let file = folder.path.join("symbols").join(name).join("0A0").join("x.sym");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, vec![b'x'; 700 << 10]).unwrap();
        let used = SystemTime::now() - Duration::from_secs(age_seconds);
        fs::File::options().write(true).open(&file).unwrap().set_modified(used).unwrap();
    };
    old("newer", 50);
    old("older", 100);
    // At the start: 1.4 MiB in a cache of 1 MiB.
    let symbols = SymbolServer::start(Mode::Gzip);
    let service = Service::start_in(folder, &symbols.url, "--cache-mib 1");
    assert_eq!(service.folder.files(), ["symbols/newer/0A0/x.sym"]);
    // After a write: libc.so.6 (about 1 MB of text) pushes it out.
    service.stackwalk(&fixture::dump("jump_null"));
    let files = service.folder.files();
    assert!(!files.contains(&"symbols/newer/0A0/x.sym".to_owned()), "{files:?}");
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
    assert_eq!(body["symbols"], json!({ "cached": 0, "corrupt": 0, "fetched": 2, "missing": 1, "unavailable": 0 }));
    assert_eq!(service.folder.files(), ["tmp"]);
}
