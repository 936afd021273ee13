import { crashIdSchema } from '#shared/crash-id.ts'
import { instantOf } from '#shared/search/instant.ts'
import type { SearchDocument } from '#shared/search/search-rpc.ts'
import { drawsFrom } from '#shared/testing/draws.ts'

/**
 * Search documents as crash reports of a browser give them: 60 fields, a few values that most have and many that few have. The n-th is always
 * the same, whoever makes it.
 */

/** Monday of 2026W43; documents lie in the weeks from there. */
export const FIRST_MONDAY_MS = Date.parse('2026-10-19T00:00:00Z')
export const WEEK_MS = 7 * 86_400_000

const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0')

const KEYS_ALWAYS =
  'AdapterDeviceID;AdapterDriverVersion;AdapterSubsysID;AdapterVendorID;AvailablePageFile;AvailablePhysicalMemory;AvailableVirtualMemory;BuildID;CrashTime;InstallTime;ProductID;ProductName;ReleaseChannel;StartupTime;SystemMemoryUsePercentage;ThreadIdNameMapping;Throttleable;TotalPageFile;TotalPhysicalMemory;TotalVirtualMemory;UptimeTS;Vendor;Version;upload_file_minidump'.split(
    ';',
  )
const KEYS_SOMETIMES =
  'AbortMessage;Accessibility;Add-ons;AsyncShutdownTimeout;Comments;DOMFissionEnabled;GraphicsCriticalError;Hang;IPCShutdownState;MozCrashReason;Notes;OOMAllocationSize;PluginFilename;QuotaManagerShutdownTimeout;SafeMode;ShutdownProgress;SubmittedFrom;URL;XPCOMSpinEventLoopStack;useragent_locale'.split(
    ';',
  )

/** Draws for one document, from its number. */
function drawsOf(n: number): () => number {
  return drawsFrom(Math.imul(n + 1, 0x9e3779b1))
}

const SYLLABLES = ['mozilla', 'dom', 'gfx', 'layers', 'js', 'jit', 'Run', 'Event', 'Loop', 'Shared', 'Memory', 'Alloc']
const FUNCTIONS = Array.from(
  { length: 30_000 },
  (_, k) =>
    `${SYLLABLES[k % 5]}::${SYLLABLES[(k >> 2) % 12]}${SYLLABLES[(k >> 5) % 12]}${k}::${SYLLABLES[(k >> 3) % 12]}`,
)
const functionName = (k: number) => FUNCTIONS[k] ?? ''
const MODULES = Array.from({ length: 30_000 }, (_, k) => `module${k % 300}/${hex(k, 33)}`)
/** What annotations a report has: a few hundred combinations. */
const KEYS = Array.from({ length: 600 }, (_, n) => {
  const draw = drawsOf(n)
  return [...KEYS_ALWAYS, ...KEYS_SOMETIMES.filter(() => draw() < 0.4)].sort().join(';')
})

/** The n-th document of a week. */
export function browserCrash(n: number, week: number): SearchDocument {
  const draw = drawsOf(n + week * 10_000_019)
  const among = (count: number) => Math.floor(draw() * count)
  /** The k-th most frequent of many, as signatures are: half of all crashes have one of the first few hundred. */
  const skewed = (count: number) => Math.floor(count ** draw()) - 1
  const maybe = <T>(chance: number, value: () => T): T | undefined => (draw() < chance ? value() : undefined)

  const dateMs = FIRST_MONDAY_MS + week * WEEK_MS + ((n * 2_011) % WEEK_MS)
  const date = instantOf(dateMs).replace(/\d{3}\+/, `${String(among(1_000)).padStart(3, '0')}+`)
  const day = new Date(dateMs).toISOString().slice(2, 10).replaceAll('-', '')
  const crash_id = crashIdSchema.parse(
    `${hex(among(2 ** 32), 8)}-${hex(among(65_536), 4)}-4${hex(among(4_096), 3)}-a${hex(among(4_096), 3)}-${hex(n % 2 ** 20, 5)}0${day}`,
  )
  const signature = skewed(30_000)
  const install = among(230_000)
  const major = 140 + skewed(12)
  const channel = ['release', 'release', 'release', 'beta', 'nightly', 'esr', 'aurora'][among(7)] ?? ''
  const platform = ['Windows NT', 'Windows NT', 'Windows NT', 'Windows NT', 'Mac OS X', 'Linux'][among(6)] ?? ''
  const build = 20_261_001_000_000 + skewed(180) * 1_000_000 + (signature % 24) * 10_000
  const frames = Array.from({ length: 4 + (signature % 9) }, (_, depth) =>
    functionName(depth === 0 ? signature : (signature * 31 + depth * 17 + (depth > 3 ? among(3) : 0)) % 9_000),
  )
  const memory = 2 ** 30 * (4 + 4 * skewed(9))
  const optional = {
    moz_crash_reason: maybe(0.25, () => `MOZ_RELEASE_ASSERT(${functionName(skewed(700))})`),
    missing_symbols: maybe(0.2, () =>
      Array.from({ length: 1 + among(5) }, () => {
        const module = skewed(900)
        return `driver${module}.dll/${module % 40}.${module % 7}.0.1/${hex(module * 7_919_003, 32).toUpperCase()}1`
      }).join(';'),
    ),
    oom_allocation_size: maybe(0.05, () => 4_096 * (1 + among(9_000))),
    addons: maybe(0.7, () =>
      Array.from({ length: 1 + among(6) }, () => `addon${skewed(2_000)}@example.com:${among(30)}.${among(10)}`).join(
        ';',
      ),
    ),
    last_crash: maybe(0.6, () => among(3_000_000)),
    hang: maybe(0.03, () => 'ui'),
    async_shutdown_timeout: maybe(
      0.02,
      () => `{"phase":"profile-before-change","blocker":"${functionName(skewed(60))}"}`,
    ),
    sample_weight: maybe(0.5, () => 10),
    url: maybe(0.4, () => `https://site${skewed(40_000)}.example/${among(50)}`),
    user_comments: maybe(0.04, () => `it closed when I opened tab ${among(5_000)}`),
  }
  return {
    crash_id,
    started_at_ms: dateMs + 60_000,
    values: {
      uuid: crash_id,
      date,
      signature: signature % 6 === 0 ? `OOM | small | ${functionName(signature)}` : functionName(signature),
      proto_signature: frames.join(' | '),
      product: ['WaterWolf', 'WaterWolf', 'WaterWolf', 'NightTrain', 'EarthRacoon'][among(5)] ?? '',
      productid: '{0f5b6dbb-4b1f-4f0d-9c5a-6a0f3a0f5b6d}',
      version: `${major}.0${channel === 'beta' ? `b${1 + among(9)}` : ''}`,
      major_version: major,
      release_channel: channel,
      build_id: build,
      BuildID: String(build),
      vendor: 'Example',
      distribution_id: ['default', 'default', 'default', 'partner', 'store'][among(5)] ?? '',
      submitted_from: ['Client', 'Client', 'Infobar', 'Auto'][among(4)] ?? '',
      app_notes: `AdapterVendorID: 0x${hex(skewed(9), 4)} ${skewed(400)} WR! WR+ EGL?${draw() < 0.5 ? ' EGL+' : ''} FP(D${among(9)}-L1000)`,
      useragent_locale: ['en-US', 'en-US', 'de', 'fr', 'ru', 'pl', 'zh-CN', 'es-ES', 'it', 'pt-BR'][skewed(10)] ?? '',
      safe_mode: draw() < 0.01,
      reason: `EXCEPTION_${['ACCESS_VIOLATION_READ', 'ACCESS_VIOLATION_WRITE', 'BREAKPOINT', 'STACK_OVERFLOW'][signature % 4]}${skewed(15)}`,
      address: draw() < 0.6 ? `0x${hex(skewed(200) * 8, 16)}` : `0x00007ff${hex(among(2 ** 32), 8)}0`,
      process_type: ['parent', 'content', 'content', 'content', 'gpu', 'rdd', 'utility'][signature % 7] ?? '',
      report_type: 'crash',
      crashing_thread: skewed(60),
      crashing_thread_name: `Thread${skewed(80)}`,
      thread_count: 20 + among(90),
      stackwalk_version: 'minidump-stackwalk 0.27.0',
      minidump_sha256_hash: Array.from({ length: 8 }, () => hex(among(2 ** 32), 8)).join(''),
      crash_report_keys: KEYS[(signature * 7 + skewed(60)) % 600] ?? '',
      processor_notes: `>>> Start processing: ${date.slice(0, 19)}; SignatureTool: signature truncated`,
      modules_in_stack: frames
        .slice(2)
        .map((_, depth) => MODULES[(signature + depth * 331) % 30_000])
        .join(';'),
      topmost_filenames: `${SYLLABLES[signature % 12]}/${functionName(signature % 3_000)}.cpp`,
      uptime: Math.floor(10 ** (draw() * 5)),
      uptime_ts: Math.floor(10 ** (draw() * 5) * 1_000) / 1_000,
      install_age: among(20_000_000),
      install_time: 1_770_000_000 + install * 61,
      startup_time: Math.floor(dateMs / 1_000) - among(100_000),
      startup_crash: draw() < 0.06,
      platform,
      platform_version: `${platform === 'Windows NT' ? '10.0' : '6.1'}.${19_000 + skewed(120) * 7}`,
      platform_pretty_version: `${platform} ${10 + skewed(12)}`,
      cpu_arch: ['amd64', 'amd64', 'amd64', 'x86', 'arm64'][among(5)] ?? '',
      cpu_info: `family ${6 + skewed(3)} model ${skewed(160)} stepping ${skewed(12)}`,
      cpu_count: 2 * (1 + skewed(16)),
      cpu_microcode_version: `0x${hex(skewed(300), 2)}`,
      adapter_vendor_id: `0x${hex([0x8086, 0x10de, 0x1002, 0x1414][skewed(4)] ?? 0, 4)}`,
      adapter_device_id: `0x${hex(skewed(1_500), 4)}`,
      adapter_subsys_id: hex(skewed(3_000) * 65_537, 8),
      adapter_driver_version: `${20 + skewed(12)}.20.${skewed(100)}.${skewed(5_000)}`,
      total_physical_memory: memory - among(50) * 65_536,
      available_physical_memory: 4_096 * among(memory / 4_096),
      total_virtual_memory: 2 ** 47 - 131_072,
      available_virtual_memory: 2 ** 47 - 4_096 * among(2 ** 28),
      total_page_file: memory * 1.5,
      available_page_file: 4_096 * among(memory / 4_096),
      system_memory_use_percentage: among(100),
      dom_fission_enabled: draw() < 0.9,
      dom_ipc_enabled: true,
      accessibility: draw() < 0.1,
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    },
  }
}
