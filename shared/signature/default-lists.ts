import { readSignatureLists, type SignatureLists, type SignatureListTexts } from './lists.ts'

/**
 * Mayday's own signature lists: what says nothing about a cause on the common platforms. Written from what these runtimes document.
 * Other lists give other signatures, which is why a signature is stored with the hash of its lists.
 */
export const DEFAULT_LIST_TEXTS: SignatureListTexts = {
  /** Never part of a signature: the machinery that runs after the cause. */
  irrelevant: `
# Frames without a name: an address differs from run to run.
@0x[0-9a-f]{2,}
<unknown in .*>

# POSIX: how a signal or abort() comes about. A stripped glibc gives the nearest public name: its internal
# __pthread_kill_implementation reads as pthread_key_delete, malloc_printerr as timer_settime.
(__)?(GI_)?(_)?raise$
gsignal$
(__)?pthread_kill(_implementation|_internal)?(@@?GLIBC.*)?$
pthread_key_delete$
(__default_morecore|__fsetlocking|timer_settime)$
(__)?tgkill$
(__)?kill$
abort$
__abort(_msg)?$
__assert(_fail(_base)?|_rtn|_perror_fail)?$
__assert2$
__fortify_(fail|chk_fail)(_abort)?$
__chk_fail$
__stack_chk_fail(_local)?$
__libc_message(_impl|_wrapper)?$
__restore_rt$
__sigaction$
_sigtramp$
_L_lock_.*
__kernel_rt_sigreturn
linux-gate\\.so.*

# macOS and iOS
__abort_with_payload$
abort_with_(payload|reason).*
__pthread_kill$
os_crash.*
_os_crash.*
__exceptionPreprocess$
objc_exception_(throw|rethrow)$
\\+\\[NSException raise.*
-\\[NSException raise\\]$
_objc_terminate.*
_dispatch_client_callout.*

# Windows: exception dispatch and process end
Ki(UserExceptionDispatch(er)?|RaiseUserExceptionDispatcher|FastSystemCall(Ret)?)$
RtlDispatchException$
RtlpExecuteHandlerForException$
RtlRaise(Exception|Status)$
RtlUnwind(Ex)?$
RtlFailFast(2)?$
RtlReport(CriticalFailure|Exception(Ex|Helper)?|FatalFailure)$
RtlpReportHeapFailure$
RtlpHeapHandleError$
RtlpLogHeapFailure$
RaiseException$
RaiseFailFastException$
(Nt|Zw)(RaiseException|RaiseHardError|TerminateProcess|TerminateThread)$
UnhandledExceptionFilter$
Rtl(User|p)?UnhandledExceptionFilter2?$
TerminateProcess(Stub)?$
ExitProcess$
DebugBreak$
__debugbreak$
_?CxxThrowException$
_?invoke_watson$
_?invalid_parameter(_noinfo(_noreturn)?)?$
__fastfail$
__report_gsfailure$
__scrt_.*
_?raise_handler.*
_seh_filter_(dll|exe)$
__C_specific_handler$
_except_handler[0-9]?(_common)?$

# C++: the end of an exception that nobody caught
(__cxxabiv1::)?__terminate(\\(.*\\))?$
std::terminate$
std::unexpected$
__cxa_(throw|rethrow|throw_bad_array_new_length|call_(unexpected|terminate)|pure_virtual|deleted_virtual)$
__gnu_cxx::__verbose_terminate_handler$
demangling_(terminate|unexpected)_handler$
__clang_call_terminate$
std::__(1::)?__(libcpp_verbose_abort|throw_.*)$
std::__throw_[a-z_]+$
std::__glibcxx_assert_fail$
_Unwind_(RaiseException|Resume(_or_Rethrow)?|ForcedUnwind)$

# Rust: the panic machinery between the panic and abort(). The panicking function itself is a prefix or better.
rust_panic(_with_hook)?$
(__rustc(\\[[0-9a-f]+\\])?::)?(__rust_abort|__rust_start_panic|rust_panic|rust_begin_unwind)$
rust_begin_unwind$
std::panicking::.*
core::panicking::.*
std::process::abort$
std::sys::.*abort_internal$
std::sys::backtrace::__rust_(begin|end)_short_backtrace.*
std::sys_common::backtrace::__rust_(begin|end)_short_backtrace.*
std::rt::lang_start.*
std::panic::catch_unwind.*
panic_abort::__rust_start_panic.*
core::intrinsics::abort$
alloc::alloc::handle_alloc_error.*
__rg_oom$
__rust_alloc_error_handler$

# Crash reporters: what writes the dump
(google_breakpad|crashpad|crash_handler|minidump_writer|sentry__?)(::|_).*
.*ExceptionHandler::(HandleSignal|SignalHandler|WriteMinidump|HandleException|HandlePureVirtualCall|HandleInvalidParameter).*
base::debug::(BreakDebugger.*|CollectStackTrace|StackTrace::StackTrace)$
logging::LogMessage(Fatal)?::(~LogMessage(Fatal)?|Flush|HandleFatal)$
`,

  /** Part of a signature, but not its end: the caller says who asked. */
  prefix: `
# Modules without symbols say little alone
.*\\.(dll|DLL|exe|EXE|so|dylib)(\\.[0-9.]+)?$
lib[^ ]*\\.so(\\.[0-9.]+)?$
\\(unloaded .*
@0x0$
<name omitted>$

# Memory and strings of the C library
(__)?(GI_)?(w?mem|str|wcs)(cpy|ncpy|cat|ncat|move|set|chr|rchr|cmp|ncmp|casecmp|len|nlen|str|dup|ndup|pcpy)(_.*)?$
__(memcpy|memmove|memset|memcmp|strlen|strcmp|strcpy)_.*
_?platform_(mem|str)[a-z]+.*
_?(w)?(v)?(s)?(n)?printf(_.*)?$
_?v?s?n?w?printf_s$
_IO_.*

# Allocators: the caller holds the bad pointer.
_?(malloc|calloc|realloc|free|cfree|memalign|posix_memalign|aligned_alloc|valloc|free_base|malloc_base|aligned_free)(_.*)?$
__libc_(malloc|calloc|realloc|free|memalign)$
_?int_(malloc|free|realloc|memalign)(_.*)?$
malloc_(printerr|consolidate|error_break)$
szone_.*
(tiny|small|large|nano|nanov2|xzm)_(malloc|free|realloc)[a-z_]*
Rtl(p)?(Allocate|Free|ReAllocate|Size|Validate)[A-Za-z]*Heap[A-Za-z]*$
RtlpAnalyzeHeapFailure$
RtlpLowFragHeap(Alloc|Free).*
Heap(Alloc|Free|ReAlloc|Size)$
LocalFree(Stub)?$
operator (new|delete)(\\[\\])?.*
__rust_(alloc|dealloc|realloc|alloc_zeroed)$
__rdl_.*
alloc::(alloc|raw_vec|vec|boxed|string)::.*
je_.*
(arena_|tcache_|mi_|tc_|scudo:).*

# Locks and waits: the caller holds the lock
(___?)?pthread_(mutex|cond|rwlock|spin)_[a-z_]+.*
__lll_lock_wait.*
futex_.*
syscall$
(__)?(poll|ppoll|select|epoll_wait|read|write|nanosleep|clock_nanosleep)$
(Nt|Zw)(WaitFor.*|Delay.*|SignalAndWait.*|ReplyWait.*|RemoveIoCompletion.*)
(Wait|Msg(Wait)|SignalObjectAndWait|Sleep|RealMsgWait|RtlpWait|RtlEnterCriticalSection|RtlpEnterCriticalSection).*
RtlAcquireSRWLock.*
mach_msg(2)?(_.*)?$
__psynch_.*
__ulock_wait.*
semaphore_(timed)?wait.*

# C++: the library's own functions fail for their caller
std::.*
__gnu_cxx::.*
boost::(shared_ptr|intrusive_ptr|scoped_ptr|optional|detail|throw_exception|assertion_failed).*
__dynamic_cast$
__(cxxabiv1|cxa)_?.*
_purecall$
__purecall$

# Rust: helpers that panic for their caller
core::(option|result|slice|str|cell|ptr|ops|num|iter|array|mem|char)::.*
<core::.* as .*
<alloc::.* as .*
<(&|u|i|f|usize|isize|str).* as core::.*
std::(collections|sync|thread|ffi|io)::.*

# Objective-C and system libraries
objc_(msgSend.*|release|retain|autorelease|storeStrong|loadWeak.*|destroyWeak)
_objc_(rootRelease|fatal).*
-\\[NS(Object|Array|Dictionary|String)[A-Za-z_]* .*
CF(Release|Retain|Equal|Hash)$
`,

  /** Where one of these is on the stack, the signature starts there. */
  sentinels: `
# The functions that name the failure itself
_purecall
__cxa_pure_virtual
alloc::alloc::handle_alloc_error
`,

  /** Functions so large that the line is needed to tell crashes in them apart. None by default. */
  withLineNumbers: `
`,
}

/** {@link DEFAULT_LIST_TEXTS}, compiled. Throws only if a line above is broken, which a test shows. */
export function defaultSignatureLists(): SignatureLists {
  const reading = readSignatureLists(DEFAULT_LIST_TEXTS)
  if (reading.kind === 'bad_pattern')
    throw new Error(`${reading.file}:${reading.line} does not compile: ${reading.pattern}`)
  return reading.lists
}
