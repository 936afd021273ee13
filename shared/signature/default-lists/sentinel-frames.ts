/**
 * Where one of these is on the stack, the signature starts there: whatever lies above only reports it. Compared as whole text. A frame here may be on the
 * irrelevant list as well; then it only sets the start.
 */
export const SENTINEL_FRAMES = `
# A call that no class implements, or to a destroyed object
_purecall
__purecall
__cxa_pure_virtual
__cxa_deleted_virtual

# Rust: no memory
alloc::alloc::handle_alloc_error
__rust_alloc_error_handler

# Where a signal or an exception broke in: what lies above is the handler
__restore_rt
_sigtramp
KiUserExceptionDispatcher
KiUserExceptionDispatch
runtime.sigpanic
`
