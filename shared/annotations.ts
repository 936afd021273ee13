import type { JsonType, Visibility } from './permission-schema.ts'

/** What is known of a crash annotation. An annotation that is not listed is kept and protected. */
export interface CrashAnnotation {
  readonly name: string
  readonly type: Exclude<JsonType, 'array'>
  /** Who may see it in the raw crash. */
  readonly visibility: Visibility
  readonly description: string
  /** Where CopyFromRawCrash writes it in the processed crash, and who may see it there. */
  readonly copy?: { readonly key: string; readonly visibility: Visibility; readonly whenAbsent?: boolean }
}

type Type = CrashAnnotation['type']

/** Public in both crashes, copied under `key`. */
const copied = (name: string, key: string, type: Type, description: string): CrashAnnotation => ({
  name,
  type,
  visibility: 'public',
  description,
  copy: { key, visibility: 'public' },
})

/** Public in the raw crash; a rule of its own writes the processed crash, if any. */
const read = (name: string, type: Type, description: string): CrashAnnotation => ({
  name,
  type,
  visibility: 'public',
  description,
})

/** Protected in both crashes, copied under `key`. */
const hidden = (name: string, key: string, description: string): CrashAnnotation => ({
  name,
  type: 'string',
  visibility: 'protected',
  description,
  copy: { key, visibility: 'protected' },
})

/** Protected in the raw crash, and not copied as it is. */
const kept = (name: string, type: Type, description: string): CrashAnnotation => ({
  name,
  type,
  visibility: 'protected',
  description,
})

const PRODUCT: readonly CrashAnnotation[] = [
  copied('ProductName', 'product', 'string', 'The product that crashed.'),
  copied('Version', 'version', 'string', 'The version of the product.'),
  copied('BuildID', 'build', 'string', 'The build of the product, YYYYMMDDhhmmss.'),
  copied('ReleaseChannel', 'release_channel', 'string', 'The update channel, such as release, beta or nightly.'),
  copied('Vendor', 'vendor', 'string', 'Who makes the product.'),
  copied('ProductID', 'productid', 'string', 'The id of the product in its vendor’s own system.'),
  copied('ApplicationBuildID', 'application_build_id', 'string', 'The build of the app around an embedded engine.'),
  copied('Notes', 'app_notes', 'string', 'What the product noted while it ran, such as graphics features.'),
  copied('useragent_locale', 'useragent_locale', 'string', 'The language of the user interface.'),
  copied('SafeMode', 'safe_mode', 'boolean', 'Whether the product ran without add-ons, to find a fault.'),
  copied('StartupCrash', 'startup_crash', 'boolean', 'Whether the product crashed while it started.'),
  copied('UptimeTS', 'uptime_ts', 'number', 'Seconds since the process started, by a monotonic clock.'),
  copied('InstallerVersion', 'installer_version', 'string', 'The version of the installer that put the product here.'),
  copied('DistributionID', 'distribution_id', 'string', 'The distribution that the product came with.'),
  copied('BackgroundTaskName', 'background_task_name', 'string', 'The task that ran without a window.'),
]

const PROCESS: readonly CrashAnnotation[] = [
  read('ProcessType', 'string', 'The kind of process: main, content, gpu, renderer, utility and so on.'),
  hidden('RemoteType', 'remote_type', 'What a content process was for; may name a site.'),
  read('CrashTime', 'integer', 'When the client saw the crash, epoch seconds by its own clock.'),
  read('StartupTime', 'integer', 'When the process started, epoch seconds by its own clock.'),
  read('InstallTime', 'integer', 'When this version was installed, epoch seconds by its own clock.'),
  read('SecondsSinceLastCrash', 'integer', 'Seconds since the crash before this one on the same computer.'),
  read('Throttleable', 'string', '0: the person sent this report by hand, so it must be kept.'),
  read('SubmittedFrom', 'string', 'What sent the report: Client, Auto, Infobar and so on.'),
  read('SubmittedFromInfobar', 'string', 'Whether an older report was sent from a bar in the window.'),
  copied('ContentSandboxLevel', 'content_sandbox_level', 'integer', 'How far content processes are locked in.'),
  copied('ContentSandboxCapable', 'content_sandbox_capable', 'boolean', 'Whether the system can lock processes in.'),
  copied('DOMIPCEnabled', 'dom_ipc_enabled', 'boolean', 'Whether pages ran in processes of their own.'),
  copied('DOMFissionEnabled', 'dom_fission_enabled', 'boolean', 'Whether sites ran in processes of their own.'),
  copied('GMPPlugin', 'gmp_plugin', 'boolean', 'Whether a media plugin’s process crashed.'),
  hidden('GMPLibraryPath', 'gmp_library_path', 'Where the media plugin lies; holds a user name.'),
  copied(
    'UtilityProcessSandboxingKind',
    'utility_process_sandboxing_kind',
    'integer',
    'How a utility process is locked in.',
  ),
  {
    ...copied('Marionette', 'marionette', 'boolean', 'Whether a test driver held the product.'),
    copy: { key: 'marionette', visibility: 'public', whenAbsent: false },
  },
  {
    ...copied('RemoteAgent', 'remote_agent', 'boolean', 'Whether a debugging protocol held the product.'),
    copy: { key: 'remote_agent', visibility: 'public', whenAbsent: false },
  },
  copied('LauncherProcessState', 'launcher_process_state', 'integer', 'How the launcher process fared on Windows.'),
  copied('HeadlessMode', 'headless_mode', 'boolean', 'Whether the product ran without a screen.'),
]

const CAUSE: readonly CrashAnnotation[] = [
  copied('AbortMessage', 'abort_message', 'string', 'The message of a runtime abort.'),
  kept('MozCrashReason', 'string', 'The message of the assertion that ended the process, before it is sanitised.'),
  copied('AsyncShutdownTimeout', 'async_shutdown_timeout', 'string', 'JSON: which shutdown blockers took too long.'),
  copied('ShutdownProgress', 'shutdown_progress', 'string', 'The phase of the shutdown that was reached.'),
  copied('ShutdownReason', 'shutdown_reason', 'string', 'Why the product was shutting down.'),
  copied(
    'QuotaManagerShutdownTimeout',
    'quota_manager_shutdown_timeout',
    'string',
    'What held up storage at shutdown.',
  ),
  copied('XPCOMSpinEventLoopStack', 'xpcom_spin_event_loop_stack', 'string', 'Nested event loops that were running.'),
  copied('MainThreadRunnableName', 'main_thread_runnable_name', 'string', 'The task that the main thread ran.'),
  copied('Hang', 'hang', 'string', 'What hung.'),
  copied('ipc_channel_error', 'ipc_channel_error', 'string', 'The error of a broken process channel.'),
  copied('IPCFatalErrorMsg', 'ipc_fatal_error_msg', 'string', 'Why a process channel was given up.'),
  copied('IPCFatalErrorProtocol', 'ipc_fatal_error_protocol', 'string', 'The protocol of that channel.'),
  copied('IPCMessageName', 'ipc_message_name', 'string', 'The message being handled.'),
  copied('IPCMessageSize', 'ipc_message_size', 'integer', 'Its size in bytes.'),
  copied('IPCSystemError', 'ipc_system_error', 'integer', 'The operating system’s error code on the channel.'),
  copied('IsGarbageCollecting', 'is_garbage_collecting', 'boolean', 'Whether script memory was being collected.'),
  copied('JSOutOfMemory', 'js_out_of_memory', 'string', 'Whether script ran out of memory, and recovered.'),
  copied(
    'JSLargeAllocationFailure',
    'js_large_allocation_failure',
    'string',
    'Whether a large script allocation failed.',
  ),
  copied('GraphicsCriticalError', 'graphics_critical_error', 'string', 'Graphics errors before the crash.'),
  hidden('DumperError', 'dumper_error', 'Why the client could not write a better minidump.'),
  copied(
    'WindowsErrorReporting',
    'windows_error_reporting',
    'boolean',
    'Whether Windows caught the crash, not the product.',
  ),
  kept('JavaStackTrace', 'string', 'A Java exception as text; its message may hold anything.'),
  kept('ModuleSignatureInfo', 'object', 'Certificates of the loaded modules.'),
]

const MACHINE: readonly CrashAnnotation[] = [
  copied('OOMAllocationSize', 'oom_allocation_size', 'integer', 'Bytes of the allocation that failed.'),
  copied('TotalPhysicalMemory', 'total_physical_memory', 'integer', 'Bytes of memory in the computer.'),
  copied('AvailablePhysicalMemory', 'available_physical_memory', 'integer', 'Bytes of it that were free.'),
  copied('TotalVirtualMemory', 'total_virtual_memory', 'integer', 'Bytes of address space of the process.'),
  copied('AvailableVirtualMemory', 'available_virtual_memory', 'integer', 'Bytes of it that were free.'),
  copied('TotalPageFile', 'total_page_file', 'integer', 'Bytes that may be committed.'),
  copied('AvailablePageFile', 'available_page_file', 'integer', 'Bytes that could still be committed.'),
  copied('SystemMemoryUsePercentage', 'system_memory_use_percentage', 'integer', 'Percent of memory in use.'),
  copied(
    'LowPhysicalMemoryEvents',
    'low_physical_memory_events',
    'integer',
    'How often the system said memory was low.',
  ),
  copied('TextureUsage', 'texture_usage', 'integer', 'Bytes of graphics textures.'),
  copied('AdapterVendorID', 'adapter_vendor_id', 'string', 'The graphics adapter’s maker.'),
  copied('AdapterDeviceID', 'adapter_device_id', 'string', 'The graphics adapter’s model.'),
  copied('AdapterSubsysID', 'adapter_subsys_id', 'string', 'The graphics adapter’s board.'),
  copied('AdapterDriverVersion', 'adapter_driver_version', 'string', 'The graphics driver’s version.'),
  read('CPUMicrocodeVersion', 'string', 'The processor’s microcode, hexadecimal.'),
  read('LinuxLSBDescription', 'string', 'The Linux distribution by name.'),
  copied('Android_CPU_ABI', 'android_cpu_abi', 'string', 'The Android device’s processor interface.'),
  copied('Android_Device', 'android_device', 'string', 'The Android device’s code name.'),
  copied('Android_Manufacturer', 'android_manufacturer', 'string', 'The Android device’s maker.'),
  copied('Android_Model', 'android_model', 'string', 'The Android device’s model.'),
  copied('Android_Version', 'android_version', 'string', 'The Android API level and name.'),
]

const PERSON: readonly CrashAnnotation[] = [
  hidden('Comments', 'user_comments', 'What the person wrote about the crash.'),
  hidden('URL', 'url', 'The address that the person was looking at.'),
  kept('Email', 'string', 'The person’s e-mail address. No client should send it any more.'),
  hidden('GleanClientId', 'glean_client_id', 'The telemetry client, to honour a deletion request.'),
  kept('guid', 'string', 'The installation’s id, as Crashpad sends it.'),
]

/** Every known crash annotation. */
export const CRASH_ANNOTATIONS: readonly CrashAnnotation[] = [...PRODUCT, ...PROCESS, ...CAUSE, ...MACHINE, ...PERSON]
