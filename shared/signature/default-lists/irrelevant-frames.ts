/**
 * Frames that never are part of a signature: what runs after the cause, or before the program's own code. Written from what the runtimes document and
 * name themselves. Patterns match at the start of a normalised frame (no arguments, templates as `<T>`), so a family ends without `$` where
 * compilers add suffixes, and with `$` where a longer name is another function.
 */
export const IRRELEVANT_FRAMES = String.raw`
# Frames without a name: an address differs from run to run. "@0x0", a jump to null, is on the prefix list.
@0x[0-9a-f]{2}
<unknown in

# Linux: how a signal, abort() or a failed check of the C library comes about. A stripped glibc gives the nearest public
# name: its internal __pthread_kill_implementation reads as pthread_key_delete, malloc_printerr as timer_settime.
(__)?(GI_)?_?raise$
gsignal$
(__)?(GI_)?pthread_kill(@|_implementation|_internal|$)
pthread_key_delete$
(__default_morecore|__fsetlocking|timer_settime)$
(__)?tgkill$
(__)?kill$
(__)?(GI_)?abort$
__abort(_msg|_impl)?$
__assert(_fail(_base)?|_rtn|_perror_fail|2|_func)?$
__(GI_)?___?assert_fail
__fortify_(fail|chk_fail)
__chk_fail
__[a-z]+_chk_fail
__stack_chk_fail
__libc_(message|fatal)
__longjmp_chk
____longjmp_chk
backtrace_and_maps
_IO_cleanup$
__run_exit_handlers$
__cxa_finalize$
__GI_exit$
_?_?exit(_group)?$
_Exit$
quick_exit$

# Linux: the kernel's way into a signal handler, and the start of threads and programs.
__restore_rt$
__restore$
__sigaction$
__kernel_(rt_)?sigreturn
__kernel_vsyscall
<signal handler called>
linux-gate\.so
linux-vdso\.so
\[?vdso
_L_(un)?lock_
_?start_thread$
__?clone3?$
clone3?$
(__)?libc_start_(main|call_main)(@|_impl|_stage2|$)
__libc_csu_init$
_start(_c)?$
call_init$
_dl_(init|fini|start_user|runtime_resolve|catch_exception|signal_error|exception_create)

# musl and bionic (Android)
(__)?libc_start_(main_stage2|init)$
a_crash$
__syscall_ret$
__pthread_start
__start_thread$
__libc_init$
__android_log_(assert|call_aborter)
__android_log_default_aborter
async_safe_fatal
__libc_fatal
android::base::(LogMessage::~LogMessage|DefaultAborter)
android::(CallStack|printAssert)
android_set_abort_message$
debuggerd_

# macOS and iOS: libsystem, the dispatch queue around a block, dyld
__pthread_kill$
__abort_with_payload$
abort_with_(payload|reason)
terminate_with_(payload|reason)
_?os_crash
_os_(assert|assumes)_
_?simple_asl_
__(abort|terminate)_with_
_sigtramp$
_platform_(sigtramp|set_exception)
_?_?pthread_(start|body|wqthread|sys_thread_start)$
_?thread_start$
start_wqthread$
_dispatch_(client_callout|call_block_and_release|worker_thread|queue_wakeup|root_queue|lane_|main_queue|workloop|continuation_pop|source_)
_dispatch_abort
__CFRUNLOOP_IS_(CALLING|SERVICING)
__CFRunLoop(Run|Do)
CFRunLoopRun
dyld4?::
_dyld_start$
start_sim$
CRASHING_DUE_TO_
ReportCrash

# Objective-C and Swift: the end of an exception or a failed check
__exceptionPreprocess$
objc_exception_(throw|rethrow|preprocess)
_objc_(terminate|exception_destructor|fault)
objc_terminate$
\+\[NSException (raise|exceptionWith)
-\[NSException raise
-\[NSAssertionHandler handleFailure
_?NS(AppKit)?(ExceptionHandler|ApplicationCrashOnExceptions)
-\[NSApplication (_crashOnException|reportException)
_?swift_(runtime_on_report|reportError|reportFatalError|abort|deletedMethodError)
swift::(fatalError|warning|swift_abort|crash)
Swift\.(_assertionFailure|_fatalErrorMessage|_preconditionFailure|fatalError|preconditionFailure|assertionFailure)
\$ss[0-9]+_(assertionFailure|fatalErrorMessage|preconditionFailure)
\$ss[0-9]+(fatalError|preconditionFailure|assertionFailure)
swift_job_run

# Windows ntdll and kernelbase: how an exception finds its handler, and the end of a process
Ki(UserExceptionDispatch|RaiseUserExceptionDispatcher|UserApcDispatch|UserCallbackDispatch|FastSystemCall)
RtlDispatchException$
RtlpExecuteHandlerFor
RtlpCallVectoredHandlers
RtlpHandleInvalid
ExecuteHandler2?$
RtlRaise(Exception|Status|NoncontinuableException)
RtlUnwind
Rtl(Guard|p?UserUnhandled|p?Unhandled|UserFiber)
RtlFailFast
RtlReport
RtlpReport
RtlAssert$
RtlpHeapHandleError
RtlpLogHeapFailure
RtlpHp(ReportHeapFailure|HeapHandleError)
RtlpNtSetValue
RaiseException$
RaiseFailFastException$
(Nt|Zw)(RaiseException|RaiseHardError|Continue|Terminate(Process|Thread)|TestAlert)
(Basep?)?(ReportFault|CurrentTopLevelFilter)
UnhandledExceptionFilter
InternalUnhandledExceptionFilter
BasepReport
WerReport
Werp
WerFault
TerminateProcess(Stub|Implementation)?$
ExitProcess(Implementation|Stub)?$
FatalExit$
FatalAppExit
DebugBreak
DbgBreakPoint$
DbgUiRemoteBreakin$
__debugbreak$
LdrpCallInitRoutine
LdrShutdown
LdrpInitialize
LdrInitializeThunk$
RtlExitUserProcess$
BaseThreadInitThunk$
BaseProcessStart
BaseThreadStart
_?_?RtlUserThreadStart
TppWorkerThread$
Tppp?(WorkpExecute|TimerpExecute|Alpcp|WorkCallback|Waitp|Simplep)
TppExecute
ThreadStartThunk
Wow64[A-Z]
CpuSimulate
BTCpuSimulate

# Windows C and C++ runtimes (ucrt, vcruntime): checks, exceptions, start of threads and programs
_?CxxThrowException
__?CxxFrameHandler[0-9]?
__?InternalCxxFrameHandler
__CxxCallUnwind
_CallSettingFrame
_?CallCatchBlock
_?__?FrameHandler
__FrameUnwind
CatchIt(<T>)?$
FindHandler(ForForeignException)?(<T>)?$
CallUnwindHandlers
_?invoke_watson
_?_?invalid_parameter
_call_reportfault
__acrt_(call_reportfault|report_runtime_error)
__fastfail$
__?report_(gsfailure|securityfailure|rangecheckfailure)
__GSHandlerCheck
__scrt_
__vcrt_
_?raise_handler
_seh_filter_
_XcptFilter
__C_specific_handler
_?except_handler[0-9]?
_RTC_(Failure|CheckStackVars|CheckEsp|UninitUse|Terminate)
_?CrtDbgReport
_?CrtIsValid
_wassert$
_assert$
_amsg_exit
common_assert_to
_?terminate$
_?unexpected$
abort_message$
(thread|invoke)_(start|thread_procedure)
_?_?(begin)?threadstart(ex)?$
thread_start<T>$
_?(w?Win)?[mM]ainCRTStartup$
_?_?tmainCRTStartup$
invoke_main$
_?__DllMainCRTStartup
dllmain_(crt|dispatch|raw)
_?_initterm

# C++: the end of an exception that nobody caught, and checks of the libraries
_?_?(__)?(__cxxabiv1::)?__terminate
std::terminate
std::unexpected
std::__(1|ndk1|Cr)::__(libcpp_verbose_abort|libcpp_assertion_handler|throw_)
std::__(libcpp_verbose_abort|libcpp_assertion_handler|throw_|glibcxx_assert_fail|replacement_assert|terminate)
std::_(Xbad_alloc|Xbad_function_call|Throw_)
std::rethrow_exception
__cxa_(throw|rethrow|call_unexpected|call_terminate|bad_cast|bad_typeid|deleted_virtual|pure_virtual|throw_bad_array_new_length|throw_bad_array_length|decrement_exception_refcount)
__gnu_cxx::__verbose_terminate_handler
demangling_(terminate|unexpected)_handler
failed_throw
__clang_call_terminate
__throw_exception_again
_Unwind_
__gxx_(personality|exception_cleanup)
__gcc_personality
_gnu_exception_handler
unwind_phase2
libunwind::
boost::throw_exception
boost::assertion_failed
boost::exception_detail::throw_exception_
absl::(lts_[0-9]+::)?(log_internal|raw_log_internal|base_internal)::
fmt::.*::(report_error|throw_format_error|assert_fail)
google::(LogMessage|LogMessageFatal|DumpStackTrace|FailureSignalHandler|glog_internal)
google::protobuf::internal::Log(Message|Finisher)
folly::detail::throw_exception
llvm::(report_fatal_error|llvm_unreachable_internal|sys::PrintStackTrace|sys::RunSignalHandlers)
testing::internal::

# Rust: the machinery between a panic and abort(), demangled, and mangled in both ways. What asked for the panic is a prefix.
rust_panic
(__rustc(\[[0-9a-f]+\])?::)?(__rust_abort|__rust_start_panic|rust_panic|rust_begin_unwind|__rust_drop_panic|__rust_foreign_exception)
rust_(begin_unwind|eh_personality|oom)$
rust_begin_unwind
__rust_(start_panic|try|maybe_catch_panic|drop_panic|foreign_exception)
std::panicking::
core::panicking::
core::intrinsics::abort
core::ops::function::FnOnce::call_once\{\{vtable
panic_(abort|unwind)::(__rust_|abort|real_imp)
std::process::(abort|exit)
std::sys::(pal::)?(unix|windows|sgx|wasm)?(::)?(abort_internal|os::exit|process::)
std::sys::.*abort_internal
std::sys_common::(backtrace|thread|rust)
std::sys::backtrace
std::backtrace_rs
std::rt::
std::panic::(catch_unwind|resume_unwind|panic_any)
<(std|core|alloc)::panic
std::thread::(lifecycle|Builder::spawn_unchecked|local::panic)
alloc::alloc::(handle_alloc_error|rust_oom|__alloc_error_handler)
__rg_oom
__rust_alloc_error_handler
__rustc::__rust_alloc_error
_ZN(3std|4core)9panicking
_ZN3std(3sys|10sys_common|2rt|5panic|7process)
_ZN5alloc5alloc18handle_alloc_error
_R[A-Za-z0-9_]*(4core|3std)9panicking
_R[A-Za-z0-9_]*3std(3sys|2rt|5panic|7process)

# Go: panics, fatal errors and the signal path of the runtime
runtime\.(raise|raiseproc|dieFromSignal|crash|sigpanic|sigfwd|sighandler|sigtramp|sigreturn|signal_|abort|exit|badsignal)
runtime\.(gopanic|fatalpanic|fatalthrow|throw|fatal|panicwrap|dopanic|startpanic|printpanics|preprintpanics|systemstack|morestack|mcall|goexit|rt0_go)
runtime\.(panic(mem|divide|Index|Slice|shift|float|overflow|dottype|nildottype|makeslicelen|unsafe)|goPanic|panicCheck)
runtime\.(main|mstart|asmcgocall|cgocallback)

# Java: the virtual machine's own end (HotSpot, ART). Java frames themselves come from the stack trace.
art::Runtime::(Abort|Callbacks)
art::(LogMessage|AbortState|DumpNativeStack|HandleUnexpectedSignal|FaultManager|UnexpectedSignal|InstructionSetAbort)
art::(art_sigsegv|JavaVMExt::JniAbort|\(anonymous namespace\)::ScopedCheck::Abort)
art::ScopedObjectAccess.*Abort
art_quick_(deliver_exception|throw_)
android::AndroidRuntime::start
com\.android\.internal\.os\.(ZygoteInit|RuntimeInit)
java\.lang\.reflect\.
android\.app\.ActivityThread\.main
VMError::
os::(abort|die|Posix::.*abort)
report_(vm_error|fatal|should_not|unimplemented|java_out_of_memory|vm_out_of_memory)
JVM_handle_
(crash_handler|signalHandler|javaSignalHandler)$
SharedRuntime::.*handle_unsafe_access
(java_start|thread_native_entry)$
JavaThread::(run|thread_main_inner)$

# .NET: throwing, and the end of an unhandled exception
(IL|JIT)_(Throw|Rethrow|Fail)
(RaiseTheException|DispatchManagedException|UnwindManagedException|ProcessCLRException|InternalUnhandledExceptionFilter)
EEPolicy::(HandleFatalError|LogFatalError)
CrashDumpAndTerminate
PROCAbort|PROCCreateCrashDump

# Crash reporters: what notices the crash and writes the dump (Breakpad, Crashpad, Sentry, minidump-writer, Bugsnag, Firebase)
google_breakpad::
crashpad::
crash_(handler|context|signal_handler)
minidump_writer::
minidumper::
breakpad_
sentry__(crash|handle|unwind|backend|breakpad|inproc)
sentry_crash
(SentryCrash|KSCrash|ksmachexc|kssignal|PLCrash|plcrash)
bsg_(ks|handle|handler)
bugsnag::
FIRCLS
.*ExceptionHandler::(HandleSignal|SignalHandler|WriteMinidump|HandleException|HandlePureVirtualCall|HandleInvalidParameter)
MiniDumpWriteDump
dbghelp\.dll
dbgcore\.dll

# Chromium and Electron: CHECK and its kin, the task loop's own frames
base::debug::
base::ImmediateCrash
base::internal::(ImmediateCrash|OnNoMemory|RunOnceClosure)
base::(allocator|win)::.*(OnNoMemory|OutOfMemory|InvalidParam|PurecallHandler)
base::TerminateBecauseOutOfMemory
logging::(LogMessage|LogMessageFatal|CheckError|NotReachedError|CheckFailure|RawCheck|RawLog|NotReachedNoreturnError|ErrnoLogMessage|Win32ErrorLogMessage|.*LogMessage::Flush)
content::.*CrashHandler
V8_(Fatal|Dcheck)
v8::base::(OS::Abort|FatalOOM)
v8::internal::(V8::GetCurrentPlatform|Abort)
node::(Abort|Assert|OnFatalError|DumpBacktrace|DumpNativeBacktrace|ResetStdio)
uv_fatal_error
electron::.*(FatalError|CrashReporter)

# GTK, GLib, Qt, X: how a library ends the program on a fatal message
g_log(v|_writer|_structured|_default_handler)?
_g_log_(abort|fallback)
g_(assertion_message|assert_warning|return_if_fail_warning|warn_message|on_error|failure_)
gdk_x_error
_gdk_x11_display_error
gdk_display_error
_X(IOError|Error|DefaultError|DefaultIOError)
x_io_error
qt_(message_fatal|message|assert|check_pointer|terminate)
q(Fatal|BadAlloc|Terminate|_check_ptr)
QMessageLogger::(fatal|critical)
qAbort
wxOnAssert
wx(App|AppConsole)Base?::On(Assert|Fatal|Unhandled)
wl_(log|abort)

# Sanitizers: report and end
__(asan|hwasan|lsan|msan|tsan|ubsan|memprof|rtsan)(_|::)
__sanitizer(_|::)
__ubsan_handle_
_?_?sanitizer_
(asan|ubsan|tsan)_thread_start
__cfi_(slowpath|check)
__scudo_
`
