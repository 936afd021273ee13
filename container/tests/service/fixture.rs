//! The crash fixtures of the repo.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value;

pub const NAMES: [&str; 5] = ["heap_threads", "jump_null", "null_chain", "panic_abort", "templates"];

pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../test/fixtures/crashes"))
}

pub fn dump(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("dumps/{name}.dmp"))).unwrap()
}

/// What the stock tool printed, normalised.
pub fn reference(name: &str) -> Value {
    let file = File::open(folder().join(format!("json/{name}.json.gz"))).unwrap();
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut json_dump: Value = serde_json::from_str(&text).unwrap();
    let limits = json_dump["proc_limits"]["limits"].as_array_mut().unwrap();
    limits.sort_by_key(|limit| limit["name"].as_str().unwrap().to_owned());
    without_symbol_urls(json_dump)
}

pub fn without_symbol_urls(mut json_dump: Value) -> Value {
    for module in json_dump["modules"].as_array_mut().unwrap() {
        assert!(module.as_object_mut().unwrap().remove("symbol_url").is_some());
    }
    json_dump
}
