//! Minidumps made to measure: stacks of any number of frames.

use minidump_synth::{DumpString, Exception, Memory, Module, SynthMinidump, SystemInfo, Thread, amd64_context};
use test_assembler::{Endian, Section};

const LITTLE: Endian = Endian::Little;
const MODULE_BASE: u64 = 0x40_0000;
const STACK_BASE: u64 = 0x7f00_0000_0000;
const AMD64: u16 = 9;
const LINUX: u32 = 0x8201;

/// A Linux x86_64 dump; thread `i` has `frames[i]` frames (each word of its stack is a return address, found by
/// scanning) and thread 0 crashed.
pub fn dump(frames: &[usize]) -> Vec<u8> {
    dump_of("deep", frames)
}

/// The same with another name of its only module, which every frame repeats.
pub fn dump_of(module_name: &str, frames: &[usize]) -> Vec<u8> {
    let name = DumpString::new(module_name, LITTLE);
    let module = Module::new(LITTLE, MODULE_BASE, 0x10_0000, &name, 0, 0, None);
    let system = SystemInfo::new(LITTLE).set_processor_architecture(AMD64).set_platform_id(LINUX);
    let mut exception = Exception::new(LITTLE);
    exception.thread_id = 1;
    exception.exception_record.exception_code = 11;
    let mut dump = SynthMinidump::with_endian(LITTLE)
        .add_system_info(system)
        .add_module(module)
        .add(name)
        .add_exception(exception);
    for (thread, count) in frames.iter().enumerate() {
        let mut words = Vec::with_capacity(count * 8);
        for frame in 1..*count as u64 {
            words.extend((MODULE_BASE + 0x100 + frame % 0x1000).to_le_bytes());
        }
        let stack_base = STACK_BASE + ((thread as u64) << 32);
        let stack = Memory::with_section(Section::with_endian(LITTLE).append_bytes(&words), stack_base);
        let context = amd64_context(LITTLE, MODULE_BASE + 0x10, stack_base);
        let id = thread as u32 + 1;
        dump = dump.add_thread(Thread::new(LITTLE, id, &stack, &context)).add(context).add_memory(stack);
    }
    dump.finish().unwrap()
}
