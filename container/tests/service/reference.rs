//! Our JSON is the stock tool's, dump by dump.

use crate::fixture::{self, NAMES};
use crate::process::Service;
use crate::symbol_server::{Mode, SymbolServer};

#[test]
fn every_fixture_gives_the_stock_json() {
    for mode in [Mode::Gzip, Mode::Plain, Mode::OneAddress] {
        let symbols = SymbolServer::start(mode);
        let service = Service::start(&symbols.url, "");
        for name in NAMES {
            let answer = service.stackwalk(&fixture::dump(name));
            assert_eq!(answer.status, 200);
            assert_eq!(answer.body["kind"], "walked", "{name}");
            assert_eq!(answer.body["stackwalk_version"], "mayday-stackwalker 0.1.0 (rust-minidump 0.27.0)");
            let json_dump = fixture::without_symbol_urls(answer.body["json_dump"].clone());
            assert_eq!(json_dump, fixture::reference(name), "{name}");
        }
    }
}

#[test]
fn the_top_level_has_exactly_the_stock_keys() {
    let symbols = SymbolServer::start(Mode::Gzip);
    let answer = Service::start(&symbols.url, "").stackwalk(&fixture::dump("null_chain"));
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&answer.body), ["json_dump", "kind", "stackwalk_version", "symbols"]);
    assert_eq!(keys(&answer.body["json_dump"]), keys(&fixture::reference("null_chain")));
    assert_eq!(
        keys(&answer.body["symbols"]),
        ["bytes", "cached", "corrupt", "fetched", "missing", "requests", "unavailable"]
    );
}

#[test]
fn the_symbol_url_is_that_of_the_whole_sym_file_also_from_the_cache() {
    let symbols = SymbolServer::start(Mode::Gzip);
    let service = Service::start(&symbols.url, "");
    let expected = format!("{}/null_chain/F49225E21D4B88C1624374BBA355E5B50/null_chain.sym", symbols.url);
    for (cached, fetched) in [(0, 2), (2, 0)] {
        let body = service.stackwalk(&fixture::dump("null_chain")).body;
        assert_eq!(body["json_dump"]["modules"][0]["symbol_url"], expected);
        assert_eq!((&body["symbols"]["cached"], &body["symbols"]["fetched"]), (&cached.into(), &fetched.into()));
    }
}
