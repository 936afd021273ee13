//! The two annotations the stock tool reads beside the dump.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::fixture;
use crate::process::Service;
use crate::symbol_server::nobody;
use crate::synthetic;

fn header(json: &str) -> String {
    format!("Mayday-Options: {}\r\n", URL_SAFE_NO_PAD.encode(json))
}

#[test]
fn certificates_and_microcode_reach_the_json() {
    let service = Service::start(&nobody(), "");
    let info = r#"{"Example Certificate":["deep"]}"#;
    let as_string = serde_json::to_string(info).unwrap();
    for value in [info, as_string.as_str()] {
        let options = format!(r#"{{"module_signature_info":{value},"cpu_microcode_version":"0xde","crash_id":"c-1"}}"#);
        let json_dump = service.stackwalk_with(&header(&options), &synthetic::dump(&[3])).body["json_dump"].take();
        assert_eq!(json_dump["modules_contains_cert_info"], true);
        assert_eq!(json_dump["modules"][0]["cert_subject"], "Example Certificate");
        assert_eq!(json_dump["system_info"]["cpu_microcode_version"], "0xde");
    }
    assert_eq!(service.folder.files(), Vec::<String>::new(), "nothing of a dump or its annotations stays on disk");
}

#[test]
fn annotations_the_stock_tool_cannot_read_count_as_absent() {
    let service = Service::start(&nobody(), "");
    let options = r#"{"module_signature_info":[1],"cpu_microcode_version":"no number"}"#;
    let answer = service.stackwalk_with(&header(options), &fixture::dump("null_chain"));
    assert_eq!(answer.body["kind"], "walked");
    assert_eq!(answer.body["json_dump"]["modules_contains_cert_info"], false);
}

#[test]
fn unreadable_options_are_refused_by_name() {
    let service = Service::start(&nobody(), "");
    for line in ["Mayday-Options: ???\r\n".to_owned(), header("[]x"), header(r#"{"crash_id":"a b"}"#)] {
        let answer = service.stackwalk_with(&line, &fixture::dump("null_chain"));
        assert_eq!((answer.status, &answer.body["reason"]), (400, &"bad_options".into()));
    }
}
