//! One JSON line an outcome on standard error. Never an annotation value, never a byte of a dump.

use std::io::{self, Write};
use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::options::WalkOptions;

/// Writes `event` with `fields`.
pub fn line(event: &str, fields: Value) {
    let mut object = Map::from_iter([("stage".into(), "stackwalker".into()), ("event".into(), event.into())]);
    if let Value::Object(fields) = fields {
        object.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
    }
    text(&Value::Object(object).to_string());
}

/// Writes one line. Whoever read standard error may be gone (a terminal, a killed `npm start`): `eprintln!` would panic.
pub fn text(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The log line of one dump, also when the client goes away and the handler with it.
pub struct Record {
    started: Instant,
    crash_id: Option<String>,
    pub dump_bytes: usize,
    written: bool,
}

impl Record {
    pub fn new(options: &WalkOptions) -> Record {
        let crash_id = options.crash_id.clone().map(|id| id.0);
        Record { started: Instant::now(), crash_id, dump_bytes: 0, written: false }
    }

    /// Writes the line; `more` is an object with what else is known, or null.
    pub fn finish(&mut self, outcome: &str, more: Value) {
        self.written = true;
        let mut fields = json!({
            "outcome": outcome,
            "crash_id": self.crash_id,
            "dump_bytes": self.dump_bytes,
            "duration_ms": u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        if let (Value::Object(fields), Value::Object(more)) = (&mut fields, more) {
            fields.extend(more);
        }
        line("stackwalk", fields);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.written {
            self.finish("client_gone", Value::Null);
        }
    }
}
