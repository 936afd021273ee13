import { always, annotationText, integerOf, type JsonRecord, jsonDump, type Rule, record, textOrNull } from './rule.ts'

/** Rules about the computer (specs/processor.md 1.3, 34, 35, 37-39 and 41). */

export const cpuInfo: Rule = {
  name: 'CPUInfo',
  predicate: always,
  action(crash) {
    const system = record(jsonDump(crash).system_info)
    crash.processed.cpu_info = textOrNull(system.cpu_info) ?? 'unknown'
    crash.processed.cpu_count = typeof system.cpu_count === 'number' ? system.cpu_count : 0
    crash.processed.cpu_arch = textOrNull(system.cpu_arch) ?? 'unknown'
    const microcode = textOrNull(system.cpu_microcode_version)
    if (microcode !== null) crash.processed.cpu_microcode_version = microcode
  },
}

const ANDROID_ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['armeabi-v7a', 'arm'],
  ['arm64-v8a', 'arm64'],
  ['x86_64', 'amd64'],
])

/** A Java crash has no minidump, but Android's name for the architecture. */
export const androidCpuInfo: Rule = {
  name: 'AndroidCPUInfo',
  predicate: (crash) => crash.processed.cpu_arch === 'unknown' && annotationText(crash, 'Android_CPU_ABI') !== '',
  action(crash) {
    const abi = annotationText(crash, 'Android_CPU_ABI')
    crash.processed.cpu_arch = ANDROID_ARCHITECTURES.get(abi) ?? abi
  },
}

export const osInfo: Rule = {
  name: 'OSInfo',
  predicate: always,
  action(crash) {
    const system = record(jsonDump(crash).system_info)
    crash.processed.os_name = (textOrNull(system.os) ?? 'Unknown').trim()
    crash.processed.os_version = (textOrNull(system.os_ver) ?? '').trim()
  },
}

/** On Android a minidump says Linux with the kernel's version, a Java crash says nothing: the annotation is `34 (REL)`. */
export const androidOsInfo: Rule = {
  name: 'AndroidOSInfo',
  predicate: (crash) =>
    ['unknown', 'android'].includes(textOrNull(crash.processed.os_name)?.toLowerCase() ?? '') &&
    annotationText(crash, 'Android_Version') !== '',
  action(crash) {
    crash.processed.os_name = 'Android'
    const level = annotationText(crash, 'Android_Version').split(' ', 1)[0] ?? ''
    if (integerOf(level) !== null) crash.processed.os_version = level
  },
}

/** Where a rule above found nothing, as in a crash ping, the annotation tells. */
const PLATFORM_ANNOTATIONS = [
  { key: 'cpu_arch', annotation: 'CPUArchitecture', unknown: 'unknown' },
  { key: 'cpu_info', annotation: 'CPUInfo', unknown: 'unknown' },
  { key: 'os_name', annotation: 'OS', unknown: 'Unknown' },
  { key: 'os_version', annotation: 'OSVersion', unknown: '' },
] as const

export const platformInfo: Rule = {
  name: 'PlatformInfo',
  predicate: (crash) => PLATFORM_ANNOTATIONS.some(({ annotation }) => annotationText(crash, annotation) !== ''),
  action(crash) {
    for (const { key, annotation, unknown } of PLATFORM_ANNOTATIONS) {
      const told = annotationText(crash, annotation)
      if (told !== '' && isUnknown(crash.processed, key, unknown)) crash.processed[key] = told
    }
  },
}

function isUnknown(processed: JsonRecord, key: string, unknown: string): boolean {
  return !processed[key] || processed[key] === unknown
}

const WINDOWS_NAMES: Readonly<Record<string, string>> = {
  '3.5': 'Windows NT',
  '4.0': 'Windows NT',
  '4.1': 'Windows 98',
  '4.9': 'Windows Me',
  '5.0': 'Windows 2000',
  '5.1': 'Windows XP',
  '5.2': 'Windows Server 2003',
  '6.0': 'Windows Vista',
  '6.1': 'Windows 7',
  '6.2': 'Windows 8',
  '6.3': 'Windows 8.1',
  '10.0': 'Windows 10',
}
/** First build of Windows 11, which still calls itself 10.0. */
const FIRST_WINDOWS_11_BUILD = 21_996

export const osPrettyVersion: Rule = {
  name: 'OSPrettyVersion',
  predicate: always,
  action(crash) {
    const name = textOrNull(crash.processed.os_name) ?? ''
    const version = textOrNull(crash.processed.os_version) ?? ''
    const description =
      textOrNull(record(jsonDump(crash).lsb_release).description) ?? annotationText(crash, 'LinuxLSBDescription')
    crash.processed.os_pretty_version = prettyVersion(name, version, description)
  },
}

function prettyVersion(name: string, version: string, linuxDescription: string): string {
  if (name === 'Linux') return linuxDescription || 'Linux'
  const [, major, minor = '0', build = '0'] = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version) ?? []
  if (major === undefined) return name
  if (name.startsWith('Windows')) {
    const pretty = WINDOWS_NAMES[`${major}.${minor}`] ?? 'Windows Unknown'
    return pretty === 'Windows 10' && Number(build) >= FIRST_WINDOWS_11_BUILD ? 'Windows 11' : pretty
  }
  if (name === 'Mac OS X') {
    if (Number(major) >= 11) return `macOS ${major}`
    return major === '10' ? `OS X 10.${minor}` : 'OS X Unknown'
  }
  return name === 'Android' ? `Android ${version}` : name
}
