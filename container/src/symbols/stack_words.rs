//! Addresses that a walk will likely ask for, read from the dump before it begins: the instruction pointers of all contexts, and the words of each stack
//! that point into a module. Nothing depends on them but the number of requests.

use std::collections::HashMap;

use minidump::system_info::PointerWidth;
use minidump::{
    Minidump, MinidumpContext, MinidumpException, MinidumpMiscInfo, MinidumpModule, MinidumpModuleList,
    MinidumpSystemInfo, MinidumpThreadList, UnifiedMemory,
};

use crate::limits::{FIRST_STACK_WORDS, MAX_KEPT_STACK_WORDS, MAX_SEARCHED_STACK_WORDS, NEXT_STACK_WORDS};

/// An address in a module: which module of the walk, and the offset in it.
pub type ModuleAddress = (usize, u64);

/// What lies on the stacks, from their tops.
#[derive(Debug, Default)]
pub struct StackWords {
    stacks: Vec<Vec<ModuleAddress>>,
    /// Where each address lies: stack and position.
    places: HashMap<ModuleAddress, Vec<(usize, usize)>>,
}

/// A frame's address is 1, 2 or 4 bytes before its return address, as the processor has it; the words here are 1 before it.
const BEFORE_RETURN_ADDRESS: [u64; 3] = [0, 1, 3];

impl StackWords {
    /// The first words of every stack.
    pub fn first(&self) -> impl Iterator<Item = ModuleAddress> {
        // The first of all stacks, then the second of all, …: where not all may go, each stack gets its share.
        (0..FIRST_STACK_WORDS).flat_map(|at| self.stacks.iter().filter_map(move |stack| stack.get(at).copied()))
    }

    /// The words that follow where this address lies.
    pub fn after(&self, (module, address): ModuleAddress) -> impl Iterator<Item = ModuleAddress> {
        let words =
            BEFORE_RETURN_ADDRESS.iter().filter_map(move |before| Some((module, address.checked_add(*before)?)));
        let places = words.filter_map(|word| self.places.get(&word)).flatten();
        places.flat_map(|(stack, at)| self.stacks[*stack].iter().skip(at + 1).take(NEXT_STACK_WORDS).copied())
    }

    fn push(&mut self, stack: Vec<ModuleAddress>) {
        for (at, word) in stack.iter().enumerate() {
            self.places.entry(*word).or_default().push((self.stacks.len(), at));
        }
        self.stacks.push(stack);
    }
}

/// The instruction pointers of all contexts, and the stacks. `number` names a module; `None` for one that cannot have symbols. A dump whose lists cannot be
/// read has none: the walk itself will say what is wrong.
pub fn likely_addresses<'a>(
    dump: &'a Minidump<'a, &'a [u8]>,
    mut number: impl FnMut(&MinidumpModule) -> Option<usize>,
) -> (Vec<ModuleAddress>, StackWords) {
    let (mut pointers, mut words) = (Vec::new(), StackWords::default());
    let (Ok(system), Ok(threads), Ok(modules)) = (
        dump.get_stream::<MinidumpSystemInfo>(),
        dump.get_stream::<MinidumpThreadList>(),
        dump.get_stream::<MinidumpModuleList>(),
    ) else {
        return (pointers, words);
    };
    let misc = dump.get_stream::<MinidumpMiscInfo>().ok();
    let memory = dump.get_memory().unwrap_or_default();
    let exception = dump.get_stream::<MinidumpException>().ok();
    let mut in_module = |address: u64| {
        let module = modules.module_at_address(address)?;
        Some((number(module)?, address - module.raw.base_of_image))
    };
    let mut left = MAX_KEPT_STACK_WORDS;
    for thread in &threads.threads {
        let crashed = exception.as_ref().filter(|exception| exception.get_crashing_thread_id() == thread.raw.thread_id);
        let crash_context = crashed.and_then(|exception| exception.context(&system, misc.as_ref()));
        let context = crash_context.or_else(|| thread.context(&system, misc.as_ref()));
        let Some(context) = context.as_deref() else { continue };
        pointers.extend(in_module(context.get_instruction_pointer()));
        let top = context.get_stack_pointer();
        let stack = thread.stack_memory(&memory).filter(|stack| stack.get_memory_at_address::<u8>(top).is_some());
        let Some(stack) = stack.or_else(|| memory.memory_at_address(top)) else { continue };
        let found: Vec<_> = stack_words(&stack, context, &system)
            .filter_map(|word| in_module(word.checked_sub(1)?))
            .take(left)
            .collect();
        left -= found.len();
        words.push(found);
    }
    (pointers, words)
}

fn stack_words<'a>(
    stack: &'a UnifiedMemory<'a, 'a>,
    context: &MinidumpContext,
    system: &MinidumpSystemInfo,
) -> impl Iterator<Item = u64> + 'a {
    let bytes: u64 = if system.cpu.pointer_width() == PointerWidth::Bits32 { 4 } else { 8 };
    let top = context.get_stack_pointer() & !(bytes - 1);
    (0..MAX_SEARCHED_STACK_WORDS as u64).map_while(move |at| {
        let address = top.checked_add(at * bytes)?;
        match bytes {
            4 => stack.get_memory_at_address::<u32>(address).map(u64::from),
            _ => stack.get_memory_at_address::<u64>(address),
        }
    })
}
