import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { crashDataOf } from './crash-data.ts'
import { DEFAULT_LIST_TEXTS, defaultSignatureLists } from './default-lists.ts'
import { generateSignature } from './generate.ts'

const lists = defaultSignatureLists()

/** Every entry with the list it is in. */
const ENTRIES = Object.entries(DEFAULT_LIST_TEXTS).flatMap(([list, text]) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((entry) => ({ list, entry })),
)

/** A frame is a function; `[module]` one without; `name @/file.rs` one with its source. */
function sign(stack: readonly string[], os = 'Linux'): string {
  const frames = stack.map((text) => {
    if (text.startsWith('(unloaded')) return { unloaded_modules: [{ module: text.slice('(unloaded '.length, -1) }] }
    if (text.startsWith('[')) return { module: text.slice(1, -1) }
    const [name, file] = text.split(' @')
    return file === undefined ? { function: name } : { function: name, file }
  })
  return generateSignature({ os, threads: [{ frames }] }, lists).signature
}

describe('the default lists sign the real crash', () => {
  const fixture = (name: string) =>
    JSON.parse(new TextDecoder().decode(gunzipSync(readFileSync(`test/fixtures/crashes/json/${name}.json.gz`))))

  it.each([
    ['null_chain', 'read_value'],
    ['jump_null', '@0x0 | dispatch'],
    ['heap_threads', '__libc_free | worker'],
    ['templates', 'Rec<T>::go<T>::{lambda#1}::operator()'],
    ['panic_abort', 'core::option::expect_failed | core::option::Option<T>::expect | panic_abort::total::{{closure}}'],
  ])('%s by its cause', (name, signature) => {
    expect(generateSignature(crashDataOf({ json_dump: fixture(name) }), lists).signature).toBe(signature)
  })
})

describe('the default lists sign by the program, not by the machinery:', () => {
  it.each<[string, string, readonly string[], string]>([
    // Linux
    [
      'glibc abort on a corrupted heap',
      'Linux',
      [
        '__pthread_kill_implementation',
        '__GI_raise',
        '__GI_abort',
        '__libc_message',
        'malloc_printerr',
        '_int_free',
        '__GI___libc_free',
        'app::Cache::evict(unsigned long)',
        'main',
      ],
      'malloc_printerr | _int_free | __GI___libc_free | app::Cache::evict',
    ],
    [
      'a fortified copy',
      'Linux',
      ['raise', 'abort', '__libc_message', '__fortify_fail', '__chk_fail', '__strcpy_chk', 'parse_header'],
      '__strcpy_chk | parse_header',
    ],
    [
      'a failed assert',
      'Linux',
      ['raise', 'abort', '__assert_fail_base', '__assert_fail', 'app::check()'],
      'app::check',
    ],
    ['musl', 'Linux', ['a_crash', 'get_meta', 'app::drop_row'], 'get_meta'],
    [
      'a deadlock',
      'Linux',
      ['__lll_lock_wait', 'pthread_mutex_lock', 'std::mutex::lock()', 'app::lock', 'start_thread', 'clone3'],
      '__lll_lock_wait | pthread_mutex_lock | std::mutex::lock | app::lock',
    ],
    [
      'a thread that only waits',
      'Linux',
      ['__futex_abstimed_wait_common', 'pthread_cond_wait@@GLIBC_2.3.2', 'start_thread', '__clone'],
      '__futex_abstimed_wait_common | pthread_cond_wait@@GLIBC_2.3.2',
    ],
    [
      'a memcpy into a bad buffer',
      'Linux',
      ['__memmove_avx_unaligned_erms', 'app::copy'],
      '__memmove_avx_unaligned_erms | app::copy',
    ],
    [
      'a crash under a signal handler that raised again',
      'Linux',
      ['raise', 'app::on_signal(int)', '__restore_rt', 'app::divide(int, int)'],
      'app::divide',
    ],
    [
      'a graphics driver without symbols',
      'Linux',
      ['[libnvidia-glcore.so.535.98]', '[libnvidia-glcore.so.535.98]', '[libGLX_nvidia.so.0]', 'gl::draw'],
      'libnvidia-glcore.so.535.98 | libnvidia-glcore.so.535.98 | libGLX_nvidia.so.0 | gl::draw',
    ],
    // C++
    [
      'an uncaught C++ exception (libstdc++)',
      'Linux',
      [
        'raise',
        'abort',
        '__gnu_cxx::__verbose_terminate_handler()',
        '__cxxabiv1::__terminate(void (*)())',
        'std::terminate()',
        '__cxa_throw',
        'std::__throw_out_of_range_fmt(char const*, ...)',
        'std::vector<int>::_M_range_check(unsigned long) const',
        'std::vector<int>::at(unsigned long)',
        'app::parse',
      ],
      'std::vector<T>::_M_range_check | std::vector<T>::at | app::parse',
    ],
    [
      'an uncaught C++ exception (libc++)',
      'Mac OS X',
      [
        '__pthread_kill',
        'pthread_kill',
        'abort',
        'abort_message',
        'demangling_terminate_handler()',
        'std::__terminate(void (*)())',
        '__cxa_rethrow',
        'app::Loader::load()',
      ],
      'app::Loader::load',
    ],
    ['operator new', 'Linux', ['operator new(unsigned long)', 'app::grow()'], 'new | app::grow'],
    [
      'a pure virtual call',
      'Linux',
      ['raise', 'abort', '__cxa_pure_virtual', 'app::Shape::draw()'],
      'app::Shape::draw',
    ],
    // Allocators and sanitizers
    ['jemalloc', 'Linux', ['arena_dalloc_bin', 'je_free', 'app::close'], 'arena_dalloc_bin | je_free | app::close'],
    [
      'tcmalloc',
      'Linux',
      ['tcmalloc::CentralFreeList::Populate()', 'tc_malloc', 'app::read'],
      'tcmalloc::CentralFreeList::Populate | tc_malloc | app::read',
    ],
    ['mimalloc', 'Linux', ['mi_free_block_mt', 'mi_free', 'app::drop'], 'mi_free_block_mt | mi_free | app::drop'],
    [
      'PartitionAlloc',
      'Linux',
      [
        'base::ImmediateCrash()',
        'partition_alloc::internal::FreelistCorruptionDetected(unsigned long)',
        'allocator_shim::internal::PartitionFree(void*)',
        'ui::View::~View()',
      ],
      'partition_alloc::internal::FreelistCorruptionDetected | allocator_shim::internal::PartitionFree | ui::View::~View',
    ],
    [
      'an AddressSanitizer report',
      'Linux',
      [
        '__sanitizer::Abort()',
        '__asan::ReportGenericError(unsigned long, unsigned long)',
        '__asan_report_load8',
        'app::use',
      ],
      'app::use',
    ],
    // Windows
    [
      'an exception that nobody caught',
      'Windows NT',
      ['RaiseException', '_CxxThrowException', 'std::vector<int>::_Xlength()', 'app::load'],
      'std::vector<T>::_Xlength | app::load',
    ],
    [
      'a heap that ntdll found corrupted',
      'Windows NT',
      [
        'RtlReportFatalFailure',
        'RtlReportCriticalFailure',
        'RtlpHeapHandleError',
        'RtlpLogHeapFailure',
        'RtlpFreeHeapInternal',
        'RtlFreeHeap',
        '_free_base',
        'app::Buffer::~Buffer',
      ],
      'RtlpFreeHeapInternal | RtlFreeHeap | _free_base | app::Buffer::~Buffer',
    ],
    [
      'a wrong parameter to the C runtime',
      'Windows NT',
      ['_invoke_watson', '_invalid_parameter_noinfo_noreturn', 'app::format'],
      'app::format',
    ],
    [
      'an abort in a thread of ucrt',
      'Windows NT',
      ['abort', 'terminate', '__scrt_unhandled_exception_filter', 'UnhandledExceptionFilter', 'app::worker'],
      'app::worker',
    ],
    [
      'a thread that waits',
      'Windows NT',
      ['NtWaitForSingleObject', 'WaitForSingleObjectEx', 'app::Join', 'BaseThreadInitThunk', 'RtlUserThreadStart'],
      'NtWaitForSingleObject | WaitForSingleObjectEx | app::Join',
    ],
    [
      'a graphics driver without symbols',
      'Windows NT',
      ['[nvoglv64.DLL]', '[nvoglv64.DLL]', '[opengl32.dll]', 'app::Render'],
      'nvoglv64.dll | opengl32.dll | app::Render',
    ],
    ['a module that is gone', 'Windows NT', ['(unloaded foo.dll)', 'app::call'], '(unloaded foo.dll) | app::call'],
    // Apple
    [
      'an abort in malloc',
      'Mac OS X',
      ['__pthread_kill', 'pthread_kill', 'abort', 'malloc_vreport', 'malloc_report', 'free', 'app::free_twice'],
      'malloc_vreport | malloc_report | free | app::free_twice',
    ],
    [
      'a message to a dead object',
      'Mac OS X',
      ['objc_msgSend', '-[NSArrayM insertObject:atIndex:]', '-[AppController openFile:]'],
      'objc_msgSend | -[NSArrayM insertObject:atIndex:] | -[AppController openFile:]',
    ],
    [
      'an Objective-C exception',
      'Mac OS X',
      ['__exceptionPreprocess', 'objc_exception_throw', '+[NSException raise:format:]', '-[Document save]'],
      '-[Document save]',
    ],
    [
      'a failed Swift check',
      'iOS',
      ['$ss17_assertionFailure__4file4line5flagss5NeverOs12StaticStringV_SSAHSus6UInt32VtF', 'Store.load(key:)'],
      'Store.load',
    ],
    [
      'a thread of a dispatch queue',
      'Mac OS X',
      ['mach_msg2_trap', 'mach_msg', '_dispatch_mach_send', '_dispatch_client_callout', 'start_wqthread'],
      'mach_msg2_trap | mach_msg | _dispatch_mach_send',
    ],
    // Rust
    [
      'a panic with sources',
      'Linux',
      [
        'std::panicking::rust_panic_with_hook::h0123456789abcdef @/rustc/a/library/std/src/panicking.rs',
        'core::panicking::panic_fmt::h0123456789abcdef @/rustc/a/library/core/src/panicking.rs',
        'core::result::unwrap_failed::h0123456789abcdef @/rustc/a/library/core/src/result.rs',
        'core::result::Result<T,E>::unwrap::h0123456789abcdef @/rustc/a/library/core/src/result.rs',
        'app::config::load::h0123456789abcdef @/src/config.rs',
      ],
      'core::result::unwrap_failed | core::result::Result<T>::unwrap | app::config::load',
    ],
    [
      'a panic with old mangled names',
      'Linux',
      [
        '_ZN3std9panicking20rust_panic_with_hook17h0123456789abcdefE',
        '_ZN4core9panicking9panic_fmt17h0123456789abcdefE',
        '_ZN4core6result13unwrap_failed17h0123456789abcdefE',
        'app_main',
      ],
      '_ZN4core6result13unwrap_failed17h0123456789abcdefE | app_main',
    ],
    [
      'a panic with new mangled names',
      'Linux',
      ['_RNvNtCs1a2b_3std9panicking11begin_panic', '_RNvNtCs9x_4core9panicking5panic', '_RNvCs5_3app4load'],
      '_RNvCs5_3app4load',
    ],
    [
      'an allocation that failed',
      'Linux',
      ['abort', 'std::process::abort', 'alloc::alloc::handle_alloc_error', 'alloc::vec::Vec<T>::reserve', 'app::fill'],
      'alloc::vec::Vec<T>::reserve | app::fill',
    ],
    // Other runtimes
    [
      'a Go panic',
      'Linux',
      ['runtime.raise.abi0', 'runtime.dieFromSignal', 'runtime.fatalpanic', 'runtime.gopanic', 'main.(*Server).serve'],
      'main..serve',
    ],
    [
      'a nil map in Go',
      'Linux',
      ['runtime.sigpanic', 'runtime.mapaccess1_faststr', 'main.lookup', 'runtime.goexit'],
      'runtime.mapaccess1_faststr | main.lookup',
    ],
    [
      'an abort of ART',
      'Android',
      ['abort', 'art::Runtime::Abort(char const*)', 'android::base::LogMessage::~LogMessage()', 'app::nativeLoad'],
      'app::nativeLoad',
    ],
    [
      'JNI into a bad pointer',
      'Android',
      ['_JNIEnv::CallVoidMethod(_jobject*, ...)', 'Java_com_example_Game_tick', 'art_quick_generic_jni_trampoline'],
      '_JNIEnv::CallVoidMethod | Java_com_example_Game_tick',
    ],
    [
      'just-in-time code without names',
      'Linux',
      ['@0x3fd2a0801c', 'Builtins_InterpreterEntryTrampoline', 'Builtins_JSEntry', 'app::runScript'],
      'Builtins_InterpreterEntryTrampoline | Builtins_JSEntry | app::runScript',
    ],
    [
      'a CHECK of Chromium',
      'Linux',
      ['base::ImmediateCrash()', 'logging::CheckError::~CheckError()', 'content::Host::Attach(int)'],
      'content::Host::Attach',
    ],
    [
      'a dump that Breakpad asked for',
      'Linux',
      [
        'google_breakpad::ExceptionHandler::WriteMinidump()',
        'crashpad::CrashpadClient::DumpWithoutCrash(_CONTEXT*)',
        'app::report_hang',
      ],
      'app::report_hang',
    ],
    [
      'a fatal message of GLib',
      'Linux',
      ['_g_log_abort', 'g_log_writer_default', 'g_logv', 'g_log', 'g_assertion_message_expr', 'window_new'],
      'window_new',
    ],
    [
      'a fatal message of Qt',
      'Linux',
      ['abort', 'qt_message_fatal', 'QMessageLogger::fatal(char const*, ...) const', 'Window::show()'],
      'Window::show',
    ],
    ['no frames at all', 'Linux', [], 'EMPTY: no frame data available'],
  ])('%s (%s)', (_, os, stack, signature) => {
    expect(sign(stack, os)).toBe(signature)
  })
})

describe('the entries of the default lists', () => {
  it('are a few hundred, none twice', () => {
    const all = ENTRIES.map(({ list, entry }) => `${list} ${entry}`)
    expect(all.length).toBeGreaterThan(400)
    expect(all.filter((entry, at) => all.indexOf(entry) !== at)).toEqual([])
  })

  it('match no frame of an ordinary program', () => {
    const ordinary =
      'main Config::load CompressBlock HandleEvent OpenDocument ReadFileHeader thread_pool_run base_init free_config Interpreter::step update render ' +
      'log_message Company::hire weak_hash large_file_read app::read task_get_next Object::create Local::get GlobalState::reset memory_pool_grow ' +
      'stream_open atomic_add tc_parse mi_score newline delete_row stringify NthElement Handle::get locale_of_user wasm_loader JavaParser::next ' +
      'uvMap Qbert::jump std_error gtkmm_app bin_pack Sleeper::nap Corrupted::check OlegEditor::save runtimeError internalize heapify mallocator ' +
      'panic_button coreLoop allocate_tiles testing_mode cleanup_exit aborted killer strategy strong_ref memo::put stpLoader sendAll opening'
    for (const name of ordinary.split(' ')) {
      const matching = ENTRIES.filter(({ entry }) => new RegExp(`^(?:${entry})`).test(name))
      expect(matching, name).toEqual([])
    }
  })

  it('hold no empty pattern, which would match every frame', () => {
    for (const { entry } of ENTRIES) expect(new RegExp(`^(?:${entry})`).test(''), entry).toBe(false)
  })

  it('repeat nothing that repeats, and only one part without an end', () => {
    const sentinels = new Set(['runtime.sigpanic'])
    for (const { entry } of ENTRIES) {
      if (sentinels.has(entry)) continue
      const bare = entry.replaceAll(/\\./g, 'e').replaceAll(/\[[^\]]*\]/g, 'c')
      expect(bare, `${entry}: a repeated group`).not.toMatch(/\)[*+{]/)
      const withoutLast = bare.replace(/[*+]\)?[?]?\$?$/, '')
      expect((withoutLast.match(/[*+]/g) ?? []).length, `${entry}: two unbounded parts`).toBeLessThanOrEqual(1)
    }
  })
})

describe('hostile frames', () => {
  /** 82 kB of one part: nested, unbalanced, and near misses of the longest patterns. */
  const PARTS = [
    '<',
    '(',
    ' (',
    '`',
    '[clone ',
    'a<b> ',
    'IPC::ParamTraits<',
    'a',
    ' ',
    'lib.so.1',
    '::$_1::',
    ' ,',
    '&',
    'std::',
    'x.dll',
    '_',
    '::h0',
    '()',
    '<>',
    'arena_alloc',
    '_R4core',
    '<& as ',
    'blink::ThreadHea',
    'base::allocator::OnNoMemor',
  ]
  const NAME_CHARS = 82_000
  const FRAMES = 1_000
  /** A frame may cost this much processor time; the 40 that count of 1,000 then cost 0.2 s together, linear in their length. */
  const MAX_MS_A_FRAME = 5

  it.each(PARTS)(`1,000 frames of 82 kB of %j take time linear in their length`, (part) => {
    const name = part.repeat(Math.ceil(NAME_CHARS / part.length))
    const threads = [{ frames: Array.from({ length: FRAMES }, () => ({ function: name, file: '/a.cpp' })) }]
    const runsMs = Array.from({ length: 3 }, () => {
      const before = process.cpuUsage()
      generateSignature({ threads }, lists)
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1_000
    })
    expect(Math.min(...runsMs) / 40).toBeLessThan(MAX_MS_A_FRAME)
  })
})
