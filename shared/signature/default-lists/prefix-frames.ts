/**
 * Frames that are part of a signature but not its end: code that fails for its caller, which is shown after it. `memcpy | app::copy` says what `memcpy`
 * alone does not.
 */
export const PREFIX_FRAMES = String.raw`
# Modules without symbols, system libraries and graphics drivers among them: a module's name alone says little.
# Windows: nvoglv64.dll, igd10iumd64.dll, atidxx64.dll, d3d11.dll. Linux: iris_dri.so, libnvidia-glcore.so.535.98. macOS and Android: *.dylib, *.so, *.apk.
[^|]*\.(dll|exe|so|dylib|sys|drv|ax|ocx|node|oat|odex|vdex|apk|jar|DLL|EXE|SYS|DRV)$
[^|]*\.so\.[0-9.]+$
\(unloaded
(QuartzCore|CoreFoundation|CoreGraphics|Foundation|AppKit|UIKitCore|UIKit|HIToolbox|Metal|SkyLight|Security|IOKit|CFNetwork)$
(AppleIntel|AMDRadeon|AMDMTL|GeForce|AGXMetal|AppleMetal|IOAccel|GLEngine|libGPUSupport)
XUL$
<name omitted>$
@0x0$

# Memory and strings of the C library, with their versions for processors (__memmove_avx_unaligned_erms)
(__)?(GI_)?w?mem(cpy|ccpy|pcpy|move|set|chr|rchr|cmp|mem)(_|$)
(__)?(GI_)?(str|wcs|stp)(n?cpy|n?cat|n?cmp|n?casecmp|lcpy|lcat|r?chr|chrnul|n?len|pbrk|spn|cspn|str|casestr|tok|tok_r|n?dup|coll|xfrm|ftime|error|to[a-z]+)(_|$)
__(memcpy|memmove|memset|memcmp|mempcpy|memchr|strlen|strnlen|strcmp|strncmp|strcpy|strncpy|strcat|strchr|strrchr|wcslen|wmemset|bzero|bcopy)_
_?platform_(mem|str|bzero)
_?(bcopy|bzero|bcmp)$
__aeabi_mem
(mem|str)[a-z]+_(repmovs|sse|avx|evex|erms|neon|thumb|aarch64)
_VEC_mem
_?_?(f|s|sn|as|d|w|sw|snw)?v?(f|s|sn|as|d)?w?printf(_|$)
_?(vf|vs|vsn|vsw|vsnw|vas)printf
_IO_
__vf?printf_(internal|chk)
_?(q|b|m|heap|merge)sort(_r|_s)?$
bsearch$
msort_with_tmp
_?(strto|wcsto)(l|ll|ul|ull|d|f|ld|imax|umax|i64|ui64)(_l)?$
_?ato(i|l|ll|f|i64)$
(f|freo|fd)open(64)?$
f(close|read|write|flush|gets|puts|seek|tell)(_unlocked)?$
_?_?(sig)?(set|long)jmp
get(env|addrinfo|hostbyname)
__libc_(enable|disable)_async
_dl_(open|close|sym|fixup|lookup|map|relocate|addr|iterate|allocate|update|load)
__?dl(open|sym|close|error|addr|iterate_phdr)
dl(open|sym|close|error|addr|iterate_phdr)
do_lookup_x
_nl_

# The C library's allocator and those that replace it: whoever holds the bad pointer comes after
_?_?_?(malloc|calloc|realloc|reallocarray|free|cfree|memalign|posix_memalign|aligned_alloc|valloc|pvalloc|malloc_usable_size|malloc_size)(_stub|_hook|_sized|_aligned_sized|_nolock|_impl|_default)?$
_?(free|malloc|calloc|realloc|recalloc|msize|expand)_(base|dbg|crt)
_?aligned_(malloc|free|realloc|msize)
(__GI_)?(__)?libc_(malloc|calloc|realloc|free|memalign|valloc)
_?int_(malloc|free|realloc|memalign)
malloc_(printerr|consolidate|error_break|vreport|report|zone|type|default|good_size)
(unlink_chunk|sysmalloc|systrim|heap_trim|tcache_|munmap_chunk|ptmalloc|mmap_chunk)
_malloc_(zone|free|type)
default_zone_
szone_
(tiny|small|medium|large|nano|nanov2|xzm|rack|region)_(malloc|free|realloc|size|alloc|tiny|memalign)
free_(tiny|small|medium|large|list)_
find_zone_and_free
_?_?operator (new|delete)
new(\[\])?$
delete(\[\])?$
(\?\?(2|3|_U|_V)@|_Zn[wa][mjy]|_Zd[la]Pv)
__rust_(alloc|dealloc|realloc|alloc_zeroed)
(__rustc(\[[0-9a-f]+\])?::)?__r(ust|dl|g)_(alloc|dealloc|realloc|alloc_zeroed)
__rdl_
alloc::(alloc|raw_vec|vec|boxed|string|rc|sync|collections|slice|str|borrow|fmt|ffi)::
g_(malloc|realloc|try_malloc|free|slice_|strdup|strndup|memdup)
Py(Mem|Object|_PyObject)_(Raw)?(Malloc|Calloc|Realloc|Free|New)
(uprv_|png_|xml|jpeg_|av_|FT_|ft_|cairo_|sqlite3_?)m?(alloc|malloc|realloc|free|calloc)
sqlite3(_malloc|_free|_realloc|Malloc|DbMalloc|MemMalloc|DbFree|DbRealloc)

# jemalloc, tcmalloc, mimalloc, PartitionAlloc, scudo, snmalloc, rpmalloc
_?(je|_rjem_je|_rjem)_
(arena|tcache|extent|edata|emap|hpa|psset)_[a-z]*(alloc|dalloc|ralloc|slab|bin|lookup|flush|decay|purge|destroy|split|coalesce)
(sdallocx|rallocx|mallocx|dallocx|nallocx|ifree|isfree|isalloc|idalloc|imalloc|iallocztm)
(arena_t::|MozJemalloc)
tc_(malloc|calloc|realloc|free|new|delete|memalign|posix_memalign|valloc|cfree)
tcmalloc::
TCMalloc
_?mi_(m?alloc|free|heap|theap|page|segment|realloc|calloc|zalloc|new|block|arena|os_|malloc|recalloc|strdup|usable|thread)
partition_alloc::
base::(internal::)?Partition
allocator_shim::
Shim(Cpp)?(New|Delete|Malloc|Free|Calloc|Realloc|Aligned|Memalign)
WTF::Partition
blink::.*(ThreadHeap|HeapAllocator|NormalPage)
cppgc::
scudo::
snmalloc::
rpmalloc
rpfree
gwp_asan::
__interceptor_
___interceptor_
nedmalloc
dl(malloc|free|realloc|calloc|memalign)

# Windows heaps, strings and waits
Rtl(p)?(Allocate|Free|ReAllocate|Size|Validate|Query|Lock|Unlock|Walk|Create|Destroy)[A-Za-z]*Heap
Rtlp?(Coalesce|Find|Insert|Remove|Update|Add|Split|Low|Hp|Decommit|Extend)[A-Za-z]*(Heap|Block|Segment|Entry|Range|Bucket|Alloc|Free)
RtlpAnalyzeHeapFailure
RtlpLowFragHeap
RtlpHp
RtlDebug(Allocate|Free|ReAllocate|Size)Heap
(Heap|Local|Global|Virtual)(Alloc|Free|ReAlloc|Size|Lock|Unlock|Protect|Query)(Stub|Ex|Implementation)?$
(Unm|M)apViewOfFile(Ex|Stub|ExStub)?$
Sys(Alloc|Free|ReAlloc)String
CoTaskMem(Alloc|Free|Realloc)
Rtl(Copy|Move|Zero|Fill|Compare|Equal)Memory
Rtl(Initialize|Init|Copy|Append|Free|Upcase|Hash)[A-Za-z]*String
(Nt|Zw)[A-Z]
Nt(User|Gdi)[A-Z]
(Wait|MsgWait|RealMsgWait|SignalObjectAndWait)For
(Signal)?ObjectAndWait
Sleep(Ex|ConditionVariable(CS|SRW))?$
RtlpWait
Rtl(Enter|Leave|TryEnter|Delete|p?Init)[A-Za-z]*CriticalSection
Rtl(Acquire|Release|TryAcquire|p?Wake|p?Back|p?Interlocked)
Rtlp?(WaitOn|Wake|SRW|Srw|RunOnce|UnWait)
(Enter|Leave|Delete|Initialize)CriticalSection
(Acquire|Release)SRWLock
InitOnceExecuteOnce
(Get|Peek|Dispatch|Translate|Send|Post|InSend|RealInternalSend)Message(A|W|Ex|Timeout|Worker|TimeoutA|TimeoutW)?$
(Internal)?(CallWindowProc|CallWinProc|DispatchMessageWorker|SendMessageWorker|DispatchClientMessage)
UserCallWinProc
_?_?InternalCallWinProc
_?fnDWORD
(CreateFile|ReadFile|WriteFile|CloseHandle|DeviceIoControl|GetQueuedCompletionStatus|DuplicateHandle)(Ex|A|W|Internal|Implementation|Stub)?$
LoadLibrary(Ex)?(A|W)?(Stub)?$
Ldrp?(Load|Unload|Get|Find|Map|Snap|Process|Relocate|Resolve|Lock|Acquire|Release|Prepare|Drain|Work)
GetProcAddress(ForCaller|Stub)?$
FreeLibrary(AndExitThread|Stub)?$
Co(CreateInstance|Initialize|Uninitialize|GetClassObject|Marshal|Unmarshal|WaitForMultiple|DisconnectObject|RegisterClassObject)
Ole(Initialize|Uninitialize|Load|Save|FlushClipboard|GetClipboard)
Ndr(Client|p?Proxy|p?Stub|pClient|64|Sync|Async)
I_Rpc
RtlLookupFunction
RtlVirtualUnwind
Rtl(PcToFileHeader|Capture(Context|StackBackTrace))
EtwEvent
_guard_(dispatch|check|icall)
guard_dispatch
__chkstk
_?alloca_probe
_?_?security_check_cookie

# Locks, waits and system calls: the caller holds the lock, or waits for what never comes
(___?)?pthread_(mutex|cond|rwlock|spin|barrier|join|once|create|detach|cancel|timedjoin|clockjoin|setspecific|getspecific|key)
___pthread_
_?pthread_(join|mutex|cond|rwlock)
_?_?lll_(lock|timedlock|timedwait|cond|robust)
__futex
futex_
sem_(wait|timedwait|post|clockwait)
do_futex_wait
__new_sem_
_?_?internal_(atomic|syscall)
(__)?syscall(_cp|_cancel|_template)?(\.|$)
__syscall_cancel
__cp_end
(__)?(GI_)?(_libc_)?p?(poll|select|epoll_wait|epoll_pwait|read|write|recv|send|recvmsg|sendmsg|recvfrom|sendto|accept4?|connect|nanosleep|clock_nanosleep|usleep|sleep|ioctl|open(at)?(64)?|close|mmap(64)?|munmap|mprotect|madvise|waitpid|wait4|fsync|fcntl(64)?|pread(64)?|pwrite(64)?|readv|writev|fork|vfork|execve|sched_yield|getrandom)(_nocancel|_cancel)?(\$[A-Z]+)?$
mach_(msg|port|vm|wait|absolute)
__(psynch|ulock|semwait|bsdthread|workq|kevent|disable_threadsignal)_?
__(select|read|write|recvfrom|sendto|accept|connect|open|ioctl|mmap|munmap|wait4|getdirentries64?)(_nocancel)?$
semaphore_(timed)?wait
(vm_(allocate|deallocate|copy|protect|map|remap)|thread_(switch|suspend|resume|get_state|set_state)|task_(suspend|resume|threads|info)|swtch_pri)$
_?os_unfair_lock
_?dispatch_(sync|async|once|barrier|semaphore|group|apply|lock|mutex|queue|thread|unote|mach|gate|wait)
_dispatch_
OSSpinLock
parking_lot(_core)?::
absl::(Mutex|Notification|CondVar|synchronization_internal)
base::(WaitableEvent|ConditionVariable|Lock|internal::LockImpl)
uv_(mutex|cond|rwlock|sem|barrier|thread)_

# C++: the library's own functions fail for their caller (libstdc++, libc++, MSVC), helpers of boost, Qt and others too
std::
__gnu_cxx::
__cxxabiv1::
__cxa_
__dynamic_cast
_?_?_?purecall
_?_?(RTDynamicCast|RTtypeid|RTCastToVoid)
_ZNK?S[tabsiod]
boost::(shared_ptr|intrusive_ptr|scoped_ptr|optional|variant|function|detail|asio|mutex|unique_lock|thread|checked_delete|sp_|unordered|container|signals2)
absl::(lts_[0-9]+::)?(container_internal|optional|variant|StatusOr|AnyInvocable|Span|string_view|InlinedVector|FunctionRef|internal)
base::(scoped_refptr|RefCounted|internal::|OnceCallback|RepeatingCallback|BindState|WeakPtr|subtle::|RunLoop|TaskAnnotator|sequence_manager|MessagePump|raw_ptr)
scoped_refptr<T>
folly::(Function|SharedMutex|fbstring|small_vector|Optional|Expected|F14|detail)
fmt::
eastl::
(__)?(unique_ptr|shared_ptr|vector|basic_string|function)<T>::
QtPrivate::
Q(String|ByteArray|List|Vector|Map|Hash|MutexLocker|Mutex|BasicMutex|SharedPointer|WeakPointer|ArrayData|Variant|AtomicInt|StringList|ScopedPointer)(<T>)?::
QMetaObject::(activate|invokeMethod|metacall)
doActivate<T>
QCoreApplication(Private)?::(notify|sendEvent|exec|notifyInternal2?|sendPostedEvents|sendSpontaneousEvent)
QApplication(Private)?::(notify|exec|notify_helper)
QGuiApplication::exec
QObject::(event|connect|disconnect|~QObject|property)
QEventLoop::exec
g_(object|signal|closure|type|value|cclosure|hash_table|list|slist|array|ptr_array|string|variant|main_context|main_loop|main|idle|timeout|mutex|cond|once|thread|source|weak|atomic|bytes|boxed|param)_
_?_?g_(closure|cclosure|signal|object|type)
signal_emit_unlocked_R
(gtk|gdk)_(main|widget_event|widget_draw|container_propagate|event_|marshal)
_gtk_marshal
wxEvtHandler::
wxAppConsoleBase::

# Rust: helpers that panic for their caller, and what generic code is made of
core::(option|result|slice|str|cell|ptr|ops|num|iter|array|mem|char|fmt|hash|cmp|convert|sync|any|ffi|pin|alloc|time|unicode|clone|borrow|task|future|intrinsics|default|marker|ascii|net|error|bool|panic|hint|range|unwind|arch|core_arch|tuple|unit|ub_checks)::
<(core|alloc|std|hashbrown|parking_lot|smallvec|bytes|indexmap)::
<(&|\[|\(|\*|dyn )[^|]* as (core|std|alloc)::
<([uif][0-9]+|usize|isize|bool|char|str|F|T|I|S|Self) as (core|std|alloc)::
(hashbrown|smallvec|arrayvec|once_cell|lazy_static|crossbeam|rayon|rayon_core|memchr|indexmap|tokio|anyhow|itertools|dashmap)::
(crossbeam|futures)_[a-z]+::
_ZN(4core|5alloc|3std)
_R[A-Za-z0-9_]*(4core|5alloc|3std)

# Objective-C, Swift and Apple's core libraries: messages to a dead object, collections with a bad member
_?objc_(msgSend|msgLookup|release|retain|autorelease|storeStrong|storeWeak|loadWeak|destroyWeak|copyWeak|moveWeak|initWeak|getProperty|setProperty|enumeration|sync|opt|alloc|allocWithZone|getClass|lookUp|constructInstance|destructInstance|clear|setHook|begin_catch|end_catch)
_objc_(rootRelease|rootRetain|rootDealloc|rootAutorelease|rootAlloc|fatal|msgForward|error)
(objc_object|AutoreleasePoolPage|weak_(clear|register|unregister)_no_lock|SideTable|lookUpImpOrForward|cache_getImp|object_cxxDestruct|class_(getInstance|addMethod|createInstance|respondsTo|rw_t))
-\[(__)?NS(Object|Array|Dictionary|String|CF|Set|Data|URL|Autorelease|Number|Notification|Operation|BlockOperation|Thread|RunLoop|Placeholder|Invocation|Proxy|KeyValue)[A-Za-z0-9_()]*\s
\+\[(__)?NS(Object|Array|Dictionary|String|Set|Data|URL|Thread|Invocation)[A-Za-z0-9_()]*\s
_?_?NS(Array|Dictionary|String|CF|Set|KeyValue|SetUsing|GetUsing|DeallocateObject|ZoneMalloc|Thread|Notification|KVO|IsNilOrNull)
_?_?CF(Release|Retain|Equal|Hash|String|Array|Dictionary|Set|Data|Allocator|Basic|TypeID|Notification|XNotification|_|GetTypeID|CopyDescription|Autorelease|RunLoop|Message|Socket|ZombieReplacement|Prefs|Preferences|Bundle|URL|Number)
___(forwarding|CF|NS)
_CF_forwarding_prep
(_Block_|_block_)(release|copy|object|byref)
swift_(retain|release|bridgeObject|unknownObject|weak|unowned|alloc|dealloc|isUnique|dynamicCast|conforms|get|init|beginAccess|endAccess|once|slowAlloc|slowDealloc|arrayInit|arrayDestroy|cvw|projectBox|allocObject|setDeallocating|deallocClassInstance|stdlib|unexpectedError|continuation)
_swift_(retain|release|alloc|slow|stdlib|conforms|dead)
swift::(RefCounts<T>|swift_|TargetMetadata|metadataimpl|runtime|MetadataCache)
Swift\.(Array|Dictionary|Set|String|Optional|_|ContiguousArray|Unsafe|Collection|Sequence|Int|UInt|Character|Substring|Slice|Range)
\$s(s[0-9]|S[a-zA-Z])
swift_task_(create|switch|future_wait|dealloc|alloc)
CA::(Transaction|Context|Layer|Render)::

# Go: the runtime's own work for a caller
runtime\.(malloc|new(object|array|proc|stack)|make(slice|map|chan)|grow(slice|work)|mem(move|clr|equal|hash)|map(access|assign|delete|iter)|chan(recv|send)|select|gopark|park|schedule|findRunnable|gc|scan|mark|sweep|write[Bb]arrier|typed|concat|string|slice|conv|assert|if|eface|iface|defer|recover|call|reflectcall|cgocall|lock|unlock|sema|note|futex|usleep|netpoll|epoll|kevent|heap|mheap|mcache|mcentral|stack|copystack|adjust|unwind|gentraceback|traceback|print|sysmon|startm|stopm|wake|ready|duff|bulk|growslice)
runtime\.\.
(sync|sync/atomic|reflect|syscall)\.
(internal|runtime)/[a-z/]+\.

# Java virtual machines and just-in-time code: bridges between compiled, interpreted and native code
art_(quick|jni|portable)_
art::(interpreter|ArtMethod::Invoke|InvokeVirtual|InvokeWith|JNI|JniMethod|Thread::CreateCallback|ClassLinker|gc|mirror|jit|Monitor|Mutex|ReaderWriterMutex|ConditionVariable|IndirectReference|Instrumentation|quick|StackVisitor|StackMap|OatFile|OatQuick|DexFile|DexCache|ScopedObject|CheckJNI|ObjectLock)
art::\(anonymous namespace\)::CheckJNI
(ExecuteNterp|nterp_|Execute(Mterp|Switch)|mterp_|MterpInvoke)
artQuick
(_?JNIEnv|_?JavaVM)::
(JNI|jni|JVM|Unsafe)_[A-Z]
JavaCalls::
(InterpreterRuntime|SharedRuntime|StubRoutines|OptoRuntime|Deoptimization)(::|$)
(BarrierSet|CollectedHeap|MemAllocator|OopStorage|ObjectMonitor|ObjectSynchronizer|oopDesc|JNIHandles|ThreadLocalAllocBuffer)::
Builtins_
v8::(internal::)?(Execution|Builtin|Builtins|Invoke|\(anonymous namespace\)::Invoke|FunctionCallbackArguments|HandleScope|Function::Call|Script::Run|MicrotaskQueue|EscapableHandleScope|MaybeLocal|TryCatch|ToLocalEmpty|Utils::Report|GlobalHandles)
v8::(internal::)?(V8::FatalProcessOutOfMemory|V8::ReportOOMFailure|Heap::FatalProcessOutOfMemory|Utils::ReportOOMFailure|FatalProcessOutOfMemory|V8::ToLocalEmpty)
v8::internal::(Heap|Factory|Allocator|Zone|Scavenger|MarkCompact|Runtime_)
node::(MakeCallback|InternalMakeCallback|InternalCallbackScope|CallbackScope|AsyncWrap|SpinEventLoop|NodeMainInstance|LoadEnvironment|Start)
napi_
Napi::
uv_(run|_|async|timer|check|prepare|idle)
uv__
(EnterJit|EnterBaseline|EnterIon|MaybeEnterJit|js::jit::(EnterJit|MaybeEnterJit|EnterBaseline))
(llint_|vmEntryTo|jsc_llint|JSC::(Interpreter::execute|LLInt|JITCode::execute|vmEntry))
lj_(vm|BC|ff)_
(lua_(p?call|resume)|luaV_execute|luaD_)
Py(Eval_|Object_Call|Object_Vectorcall|Vectorcall)
_Py(Eval_|Object_|Function_|_)
(mono_|coreclr_|CallDescrWorker|MethodDesc|ThePreStub|PreStubWorker|UMThunkStub|JIT_|COMPlus|CLRException|ThreadNative|ManagedThreadBase)
(il2cpp|mono)(_|::)
wasm-function
`
