//! The JSON of `POST /symbols/partial` (docs/howto/partial-symbols.md), read strictly: what is not of this form is a fault of the server.

use serde::{Deserialize, Serialize};

use super::ranges::End;
use super::server::ServerFault;

/// One module of a request.
#[derive(Debug, Serialize)]
pub struct AskedModule {
    pub debug_file: String,
    pub debug_id: String,
    /// In hex.
    pub addresses: Vec<String>,
}

/// What the server says of one module.
#[derive(Debug)]
pub enum PartialOutcome {
    Found(FoundPart),
    Missing,
    Indexing { retry_after_seconds: u64 },
    Corrupt { why: String },
}

/// A partial symbol file.
#[derive(Debug)]
pub struct FoundPart {
    /// Changes when the symbols change.
    pub etag: String,
    /// A sym file of its own.
    pub sym: String,
    /// Where `sym` answers as the whole file does.
    pub ranges: Vec<(u64, End)>,
}

#[derive(Deserialize)]
struct Answer {
    modules: Vec<Entry>,
}

/// Flat, because serde would hold a tagged union's text twice.
#[derive(Deserialize)]
struct Entry {
    kind: String,
    etag: Option<String>,
    sym: Option<String>,
    ranges: Option<Vec<(String, String)>>,
    retry_after_seconds: Option<u64>,
    line: Option<u64>,
    reason: Option<String>,
}

/// One outcome for each of the `asked` modules, in order.
pub fn read(json: &[u8], asked: usize) -> Result<Vec<PartialOutcome>, ServerFault> {
    let answer: Answer = serde_json::from_slice(json).map_err(|error| ServerFault::Unreadable(error.to_string()))?;
    if answer.modules.len() != asked {
        return Err(ServerFault::Unreadable(format!("{} outcomes for {asked} modules", answer.modules.len())));
    }
    answer.modules.into_iter().map(outcome).collect()
}

fn outcome(entry: Entry) -> Result<PartialOutcome, ServerFault> {
    let lacks = |field: &str| ServerFault::Unreadable(format!("an outcome lacks its {field}"));
    match entry.kind.as_str() {
        "found" => {
            let ranges = entry.ranges.ok_or_else(|| lacks("ranges"))?;
            let ranges = ranges.iter().map(|(start, end)| range(start, end)).collect::<Option<_>>();
            Ok(PartialOutcome::Found(FoundPart {
                etag: entry.etag.ok_or_else(|| lacks("etag"))?,
                sym: entry.sym.ok_or_else(|| lacks("sym"))?,
                ranges: ranges.ok_or_else(|| ServerFault::Unreadable("a range is none".into()))?,
            }))
        }
        "missing" => Ok(PartialOutcome::Missing),
        "indexing" => Ok(PartialOutcome::Indexing {
            retry_after_seconds: entry.retry_after_seconds.ok_or_else(|| lacks("retry_after_seconds"))?,
        }),
        "corrupt" => {
            let line = entry.line.ok_or_else(|| lacks("line"))?;
            Ok(PartialOutcome::Corrupt { why: format!("corrupt at line {line}: {}", entry.reason.unwrap_or_default()) })
        }
        other => Err(ServerFault::Unreadable(format!("an outcome is {other:?}"))),
    }
}

/// Two hex numbers, the second above the first and at most 2^64.
pub fn range(start: &str, end: &str) -> Option<(u64, End)> {
    let (start, end) = (u64::from_str_radix(start, 16).ok()?, End::from_str_radix(end, 16).ok()?);
    (End::from(start) < end && end <= 1 << 64).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_another_form_are_faults_of_the_server() {
        let found =
            |ranges: &str| format!(r#"{{"modules":[{{"kind":"found","etag":"e","sym":"","ranges":{ranges}}}]}}"#);
        assert!(read(found(r#"[["0","10000000000000000"]]"#).as_bytes(), 1).is_ok());
        let wrong = [
            found(r#"[["2","1"]]"#),
            found(r#"[["0","10000000000000001"]]"#),
            found(r#"[["x","1"]]"#),
            found(r#"[["1"]]"#),
            r#"{"modules":[]}"#.into(),
            r#"{"modules":[{"kind":"found"}]}"#.into(),
            r#"{"modules":[{"kind":"indexing"}]}"#.into(),
            r#"{"modules":[{"kind":"gone"}]}"#.into(),
            "<html>".into(),
        ];
        for json in wrong {
            assert!(matches!(read(json.as_bytes(), 1), Err(ServerFault::Unreadable(_))), "{json}");
        }
    }
}
