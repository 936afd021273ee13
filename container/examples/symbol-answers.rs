//! What breakpad-symbols answers from sym files: the oracle of the block index's differential tests
//! (`shared/symbols/index/testing/rust-answers.ts`).
//!
//! Standard input has one job a line, `{"path":"x.sym","addresses":["1149",…]}` or with the file itself as `"bytes"`, a text of one character
//! (U+0000 to U+00FF) a byte. Standard output has a line for each job, `{"kind":"parsed",…}` or `{"kind":"refused","line":3,"reason":"…"}` (lines
//! that were read before the bad one), and after a parsed one a line for each address. Hex is without `0x`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;

use breakpad_symbols::{FrameSymbolizer, FrameWalker, SimpleModule, SymbolError, SymbolFile};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Job {
    path: Option<String>,
    bytes: Option<String>,
    addresses: Vec<String>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Verdict {
    Parsed { module_id: String, debug_file: String },
    Refused { line: u64, reason: String },
}

#[derive(Serialize, Default)]
struct Answer {
    kind: &'static str,
    name: Option<String>,
    base: Option<String>,
    size: Option<u32>,
    parameter_size: Option<u32>,
    file: Option<String>,
    line: Option<u32>,
    line_base: Option<String>,
    /// Outermost first, as the crate gives them.
    inlines: Vec<(String, Option<String>, Option<u32>)>,
    cfi: Option<Cfi>,
    framedata: Option<String>,
    fpo: Option<String>,
    /// What a walk from here sets, from made-up registers and memory: two files that unwind alike print the same.
    walk: String,
}

#[derive(Serialize)]
struct Cfi {
    address: String,
    size: u32,
    rules: String,
    /// Those that apply here, in the order they do.
    add_rules: Vec<(String, String)>,
}

struct Frame {
    instruction: u64,
    answer: Answer,
}

impl FrameSymbolizer for Frame {
    fn get_instruction(&self) -> u64 {
        self.instruction
    }
    fn set_function(&mut self, name: &str, base: u64, parameter_size: u32) {
        self.answer.name = Some(name.to_owned());
        self.answer.base = Some(hex(base));
        self.answer.parameter_size = Some(parameter_size);
    }
    fn set_source_file(&mut self, file: &str, line: u32, base: u64) {
        self.answer.file = Some(file.to_owned());
        self.answer.line = Some(line);
        self.answer.line_base = Some(hex(base));
    }
    fn add_inline_frame(&mut self, name: &str, file: Option<&str>, line: Option<u32>) {
        self.answer.inlines.push((name.to_owned(), file.map(str::to_owned), line));
    }
}

/// A frame whose registers and memory all have values that follow from their name or address, and which keeps what is set.
struct Walker {
    instruction: u64,
    set: BTreeMap<String, u64>,
    cleared: Vec<String>,
    cfi_start: Option<u64>,
}

/// FNV-1a, cut to 31 bits so that 32-bit walks do not overflow.
fn made_up(seed: &[u8]) -> u64 {
    let hash = seed
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    hash & 0x3fff_ffff
}

impl FrameWalker for Walker {
    fn get_instruction(&self) -> u64 {
        self.instruction
    }
    fn has_grand_callee(&self) -> bool {
        true
    }
    fn get_grand_callee_parameter_size(&self) -> u32 {
        4
    }
    fn get_register_at_address(&self, address: u64) -> Option<u64> {
        Some(made_up(&address.to_le_bytes()))
    }
    fn get_callee_register(&self, name: &str) -> Option<u64> {
        Some(made_up(name.as_bytes()))
    }
    fn set_caller_register(&mut self, name: &str, value: u64) -> Option<()> {
        self.set.insert(name.to_owned(), value);
        Some(())
    }
    fn clear_caller_register(&mut self, name: &str) {
        self.cleared.push(name.to_owned());
    }
    fn set_cfa(&mut self, value: u64) -> Option<()> {
        self.set_caller_register(".cfa", value)
    }
    fn set_ra(&mut self, value: u64) -> Option<()> {
        self.set_caller_register(".ra", value)
    }
    fn set_cfi_rules_start_address(&mut self, address: Option<u64>) {
        self.cfi_start = self.cfi_start.or(address);
    }
}

fn hex(value: u64) -> String {
    format!("{value:x}")
}

fn walk(file: &SymbolFile, module: &SimpleModule, instruction: u64) -> String {
    let mut walker = Walker { instruction, set: BTreeMap::new(), cleared: Vec::new(), cfi_start: None };
    let walked = file.walk_frame(module, &mut walker).is_some();
    // A walk's rules are evaluated in the order of a hash map.
    walker.cleared.sort();
    let mut text = format!("{walked}");
    for (name, value) in &walker.set {
        let _ = write!(text, " {name}={value:x}");
    }
    if let Some(start) = walker.cfi_start {
        let _ = write!(text, " from {start:x}");
    }
    format!("{text} -{}", walker.cleared.join(","))
}

fn answer(file: &SymbolFile, instruction: u64) -> Answer {
    let module = SimpleModule::default();
    let mut frame = Frame { instruction, answer: Answer::default() };
    file.fill_symbol(&module, &mut frame);
    let mut answer = frame.answer;
    answer.size = file.functions.get(instruction).map(|function| function.size);
    answer.kind = match (&answer.name, answer.size) {
        (Some(_), Some(_)) => "function",
        (Some(_), None) => "public",
        (None, _) => "none",
    };
    answer.cfi = file.cfi_stack_info.get(instruction).map(|info| Cfi {
        address: hex(info.init.address),
        size: info.size,
        rules: info.init.rules.clone(),
        add_rules: info
            .add_rules
            .iter()
            .take_while(|rules| rules.address <= instruction)
            .map(|rules| (hex(rules.address), rules.rules.clone()))
            .collect(),
    });
    // Their last field is of a type without a public name, so the records are compared as the crate prints them.
    answer.framedata = file.win_stack_framedata_info.get(instruction).map(|info| format!("{info:?}"));
    answer.fpo = file.win_stack_fpo_info.get(instruction).map(|info| format!("{info:?}"));
    answer.walk = walk(file, &module, instruction);
    answer
}

fn bytes_of(text: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(text.chars().map(|char| u8::try_from(u32::from(char))).collect::<Result<_, _>>()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        let parsed = match (&job.path, &job.bytes) {
            (Some(path), _) => SymbolFile::from_file(Path::new(path)),
            (None, Some(text)) => SymbolFile::from_bytes(&bytes_of(text)?),
            (None, None) => return Err("a job has a path or bytes".into()),
        };
        let file = match parsed {
            Ok(file) => file,
            Err(SymbolError::ParseError(reason, line)) => {
                serde_json::to_writer(&mut out, &Verdict::Refused { line, reason: reason.to_owned() })?;
                out.write_all(b"\n")?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let verdict = Verdict::Parsed { module_id: file.module_id.clone(), debug_file: file.debug_file.clone() };
        serde_json::to_writer(&mut out, &verdict)?;
        out.write_all(b"\n")?;
        for address in &job.addresses {
            serde_json::to_writer(&mut out, &answer(&file, u64::from_str_radix(address, 16)?))?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(())
}
