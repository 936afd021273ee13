//! What the child does to itself before it reads a byte of a dump.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit};

use crate::limits::ADDRESS_SPACE_HEADROOM_MIB;

/// Exit code of a child that ran out of memory: distinct from an abort, which is a crash.
pub const EXIT_OUT_OF_MEMORY: i32 = 12;

static EXIT_ON_EXHAUSTION: AtomicBool = AtomicBool::new(false);

/// Sets memory limits, forbids core dumps (they would write the dump's memory to disk) and ties the life of this
/// process to its parent's, even when that is killed with SIGKILL.
pub fn confine(memory_mib: u64, parent: u32) -> Result<(), String> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| format!("prctl(PR_SET_PDEATHSIG): {error}"))?;
    // The parent may have died before the line above; then nobody is left to send the signal.
    if getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs()) != Some(parent) {
        return Err("the parent is gone".into());
    }
    let limit = |resource, bytes| {
        let both = Rlimit { current: Some(bytes), maximum: Some(bytes) };
        setrlimit(resource, both).map_err(|error| format!("setrlimit: {error}"))
    };
    limit(Resource::Core, 0)?;
    limit(Resource::Data, memory_mib << 20)?;
    limit(Resource::As, (memory_mib + ADDRESS_SPACE_HEADROOM_MIB) << 20)?;
    EXIT_ON_EXHAUSTION.store(true, Ordering::Relaxed);
    Ok(())
}

/// The system allocator; in a confined child, refused memory ends the process with [`EXIT_OUT_OF_MEMORY`].
pub struct ExitOnExhaustion;

impl ExitOnExhaustion {
    #[allow(unsafe_code)]
    fn checked(&self, pointer: *mut u8) -> *mut u8 {
        if pointer.is_null() && EXIT_ON_EXHAUSTION.load(Ordering::Relaxed) {
            // SAFETY: _exit takes no pointer, allocates nothing and does not return.
            unsafe { libc::_exit(EXIT_OUT_OF_MEMORY) }
        }
        pointer
    }
}

// SAFETY: every call goes to the system allocator unchanged, and its result is returned unchanged.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for ExitOnExhaustion {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.checked(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.checked(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        self.checked(unsafe { System.realloc(pointer, layout, new_size) })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}
