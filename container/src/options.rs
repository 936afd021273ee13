//! The options of one request: the header `Mayday-Options`, base64url of a JSON object.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde_json::{Value, json};

/// Name of the header.
pub const HEADER: &str = "mayday-options";

const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Unknown keys are ignored, so that a newer Worker can speak to an older container during a deploy.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct WalkOptions {
    /// The annotation ModuleSignatureInfo: an object of certificate → modules, or that object as a string.
    pub module_signature_info: Option<Value>,
    /// The annotation CPUMicrocodeVersion, such as `0xde`.
    pub cpu_microcode_version: Option<String>,
    /// Symbols whose index is being built are not waited for any longer.
    pub accept_missing_symbols: bool,
    /// Only for the log line.
    pub crash_id: Option<CrashId>,
}

/// Letters, digits and `-`, at most 64: safe in a log line.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(try_from = "String")]
pub struct CrashId(pub String);

impl TryFrom<String> for CrashId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<CrashId, Self::Error> {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if plain && (1..=64).contains(&text.len()) {
            Ok(CrashId(text))
        } else {
            Err("crash_id must be 1 to 64 letters, digits or '-'")
        }
    }
}

impl WalkOptions {
    /// Reads the header's value; the error says what is wrong with it.
    pub fn from_header(value: &[u8]) -> Result<WalkOptions, String> {
        let text = BASE64URL.decode(value).map_err(|error| format!("Mayday-Options is not base64url: {error}"))?;
        serde_json::from_slice(&text).map_err(|error| format!("Mayday-Options is not the expected JSON: {error}"))
    }

    /// The raw annotations the stock processor reads, under their own names; empty when there is nothing to read.
    pub fn evil_json(&self) -> String {
        let mut annotations = serde_json::Map::new();
        if let Some(info) = &self.module_signature_info {
            annotations.insert("ModuleSignatureInfo".into(), info.clone());
        }
        if let Some(version) = &self.cpu_microcode_version {
            annotations.insert("CPUMicrocodeVersion".into(), json!(version));
        }
        if annotations.is_empty() { String::new() } else { Value::Object(annotations).to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(json: &str) -> Vec<u8> {
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json).into_bytes()
    }

    #[test]
    fn padding_is_optional_and_unknown_keys_are_ignored() {
        let expected = WalkOptions { crash_id: Some(CrashId("ab-1".into())), ..WalkOptions::default() };
        let unpadded = header(r#"{"crash_id":"ab-1","later":1}"#);
        let mut padded = unpadded.clone();
        padded.resize(unpadded.len().next_multiple_of(4), b'=');
        assert_eq!(WalkOptions::from_header(&unpadded).as_ref(), Ok(&expected));
        assert_eq!(WalkOptions::from_header(&padded).as_ref(), Ok(&expected));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert!(WalkOptions::from_header(b"{}").is_err_and(|why| why.contains("base64url")));
        assert!(WalkOptions::from_header(&header("[")).is_err_and(|why| why.contains("expected JSON")));
        assert!(WalkOptions::from_header(&header(r#"{"crash_id":"a\nb"}"#)).is_err_and(|why| why.contains("crash_id")));
    }

    #[test]
    fn the_annotations_keep_their_own_names() {
        let options = WalkOptions::from_header(&header(
            r#"{"module_signature_info":{"C":["m"]},"cpu_microcode_version":"0xde"}"#,
        ));
        let text = options.map(|options| options.evil_json());
        assert_eq!(text.as_deref(), Ok(r#"{"CPUMicrocodeVersion":"0xde","ModuleSignatureInfo":{"C":["m"]}}"#));
        assert_eq!(WalkOptions::default().evil_json(), "");
    }
}
