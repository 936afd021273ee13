//! One walk: the bytes of a minidump in, the stock JSON out. No process, file or clock in here.

use std::path::Path;

use minidump::Minidump;
use minidump_processor::{ProcessorOptions, process_minidump_with_options};
use minidump_unwind::SymbolProvider;
use serde_json::Value;

use crate::frames;
use crate::outcome::Failure;

/// Walks every thread and returns what `minidump-stackwalk --json` prints, with two differences: threads above the
/// frame limit lose their middle, and `proc_limits.limits` is in order of name. `evil_json` is a file with the raw
/// annotations ModuleSignatureInfo and CPUMicrocodeVersion; one that cannot be read counts as absent, as in stock.
pub async fn walk<P>(dump: &[u8], evil_json: Option<&Path>, symbols: &P) -> Result<Value, Failure>
where
    P: SymbolProvider + Sync,
{
    let dump = Minidump::read(dump)?;
    let mut options = ProcessorOptions::stable_basic();
    options.evil_json = evil_json;
    let mut state = process_minidump_with_options(&dump, symbols, options).await?;
    let counts = frames::cut_middle(&mut state.threads);
    let mut printed = Vec::new();
    let unreadable = |error: serde_json::Error| Failure::Crashed { how: format!("its JSON is unreadable: {error}") };
    state.print_json(&mut printed, false).map_err(unreadable)?;
    drop(state);
    let mut json_dump: Value = serde_json::from_slice(&printed).map_err(unreadable)?;
    frames::restore_counts(&mut json_dump, &counts);
    sort_proc_limits(&mut json_dump);
    Ok(json_dump)
}

/// The stock tool prints the limits in the order of a hash map, which changes with every run: two walks of one dump
/// would never compare equal.
fn sort_proc_limits(json_dump: &mut Value) {
    let limits = json_dump.pointer_mut("/proc_limits/limits").and_then(Value::as_array_mut);
    if let Some(limits) = limits {
        limits.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn proc_limits_are_sorted_by_name() {
        let mut json_dump = json!({ "proc_limits": { "limits": [{ "name": "Max pipe" }, { "name": "Max data" }] } });
        sort_proc_limits(&mut json_dump);
        assert_eq!(json_dump["proc_limits"]["limits"], json!([{ "name": "Max data" }, { "name": "Max pipe" }]));
    }

    #[test]
    fn a_dump_without_proc_limits_stays_as_it_is() {
        let mut json_dump = json!({ "proc_limits": null });
        sort_proc_limits(&mut json_dump);
        assert_eq!(json_dump, json!({ "proc_limits": null }));
    }
}
