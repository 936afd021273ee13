import { type SchemaNode, shown, shownArray, shownObject } from '../permission-schema.ts'
import { type CrashAnnotation, copied, hidden, kept, read, told } from './annotation.ts'

const TEXT = shown('string')

/** A structured Java exception. The message (`stacktrace.value`) may hold anything; class and frames are code. */
const JAVA_EXCEPTION: SchemaNode = shownObject({
  exception: shownObject({
    values: shownArray(
      shownObject({
        stacktrace: shownObject({
          frames: shownArray(
            shownObject({
              colno: shown('integer'),
              filename: TEXT,
              function: TEXT,
              in_app: shown('boolean'),
              lineno: shown('integer'),
              module: TEXT,
            }),
          ),
          module: TEXT,
          type: TEXT,
          value: { types: ['string'], visibility: 'protected' },
        }),
      }),
    ),
  }),
})

/** What the product said of the cause. */
export const CAUSE: readonly CrashAnnotation[] = [
  told('AbortMessage', 'abort_message', 'The message of a runtime abort.'),
  kept('MozCrashReason', 'string', 'The message of the assertion that ended the process, before it is sanitised.'),
  told('AsyncShutdownTimeout', 'async_shutdown_timeout', 'JSON: which shutdown blockers took too long.'),
  copied('ShutdownProgress', 'shutdown_progress', 'string', 'The phase of the shutdown that was reached.'),
  told('ShutdownReason', 'shutdown_reason', 'Why the product was shutting down.'),
  copied('IPCShutdownState', 'ipc_shutdown_state', 'string', 'How far the shutdown of a child process came.'),
  copied(
    'ProfilerChildShutdownPhase',
    'profiler_child_shutdown_phase',
    'string',
    'How far a child process’s profiler shut down.',
  ),
  told('QuotaManagerShutdownTimeout', 'quota_manager_shutdown_timeout', 'What held up storage at shutdown.'),
  copied(
    'QuotaManagerStorageIsNetworkResource',
    'quota_manager_storage_is_network_resource',
    'boolean',
    'Whether the profile lies on a network drive.',
  ),
  told('StorageConnectionNotClosed', 'storage_connection_not_closed', 'The database that was open at shutdown.'),
  told('XPCOMSpinEventLoopStack', 'xpcom_spin_event_loop_stack', 'Nested event loops that were running.'),
  copied('EventLoopNestingLevel', 'event_loop_nesting_level', 'integer', 'How many event loops were nested.'),
  told('MainThreadRunnableName', 'main_thread_runnable_name', 'The task that the main thread ran.'),
  told('Hang', 'hang', 'What hung.'),
  told('ipc_channel_error', 'ipc_channel_error', 'The error of a broken process channel.'),
  told('IPCFatalErrorMsg', 'ipc_fatal_error_msg', 'Why a process channel was given up.'),
  copied(
    'IPCFatalErrorProtocol',
    'ipc_fatal_error_protocol',
    'string',
    'The protocol of the process channel that was given up.',
  ),
  copied('IPCMessageName', 'ipc_message_name', 'string', 'The process-channel message being handled.'),
  copied('IPCMessageSize', 'ipc_message_size', 'integer', 'Bytes of the process-channel message being handled.'),
  copied(
    'IPCMessageLargeBufferShmemFailureSize',
    'ipc_message_large_buffer_shmem_failure_size',
    'integer',
    'Bytes of shared memory that a large message could not get.',
  ),
  copied('IPCSystemError', 'ipc_system_error', 'integer', 'The operating system’s error code on the channel.'),
  copied('IsGarbageCollecting', 'is_garbage_collecting', 'boolean', 'Whether script memory was being collected.'),
  copied('JSActorMessage', 'js_actor_message', 'string', 'The message that a script actor handled.'),
  copied('JSActorName', 'js_actor_name', 'string', 'The script actor that handled it.'),
  copied('JSOutOfMemory', 'js_out_of_memory', 'string', 'Whether script ran out of memory, and recovered.'),
  copied(
    'JSLargeAllocationFailure',
    'js_large_allocation_failure',
    'string',
    'Whether a large script allocation failed.',
  ),
  told('JSModuleLoadError', 'js_module_load_error', 'Why a script module could not be loaded.'),
  told('GraphicsCriticalError', 'graphics_critical_error', 'Graphics errors before the crash.'),
  copied('GraphicsStartupTest', 'graphics_startup_test', 'boolean', 'Whether graphics were being tested at the start.'),
  copied('DeviceResetReason', 'device_reset_reason', 'string', 'Why the graphics device was lost.'),
  copied(
    'UnknownNetAddrSocketFamily',
    'unknown_net_addr_socket_family',
    'integer',
    'A socket address of a family that the product does not know.',
  ),
  copied(
    'WasmLibrarySandboxMallocFailed',
    'wasm_library_sandbox_malloc_failed',
    'boolean',
    'Whether a sandboxed library ran out of memory.',
  ),
  copied(
    'WindowsErrorReporting',
    'windows_error_reporting',
    'boolean',
    'Whether Windows caught the crash, not the product.',
  ),
  copied('WindowsFileDialogErrorCode', 'windows_file_dialog_error_code', 'string', 'The error of a file dialog.'),
  read('CrashType', 'string', 'What kind of event the client reports.'),
  hidden('DumperError', 'dumper_error', 'Why the client could not write a better minidump.'),
  kept('Breadcrumbs', 'object', 'JSON: what happened before the crash, step by step.'),
  kept('JavaStackTrace', 'string', 'A Java exception as text; its message may hold anything.'),
  {
    ...kept('JavaException', 'object', 'A Java exception as JSON; its message may hold anything.'),
    copy: { key: 'java_exception', visibility: 'public', node: JAVA_EXCEPTION },
  },
  kept('ModuleSignatureInfo', 'object', 'Certificates of the loaded modules.'),
  kept('additional_minidumps', 'string', 'The dumps beside the main one, as some clients name them.'),
  kept('PHCKind', 'string', 'How the faulting address stood to an allocation that was watched.'),
  kept('PHCBaseAddress', 'string', 'Where the watched allocation began, decimal.'),
  kept('PHCUsableSize', 'integer', 'Bytes of the watched allocation.'),
  kept('PHCAllocStack', 'string', 'Return addresses of the code that made the watched allocation.'),
  kept('PHCFreeStack', 'string', 'Return addresses of the code that freed the watched allocation.'),
]
