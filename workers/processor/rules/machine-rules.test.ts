import { describe, expect, it } from 'vitest'
import { processedCrash, stack } from './rules-rig.ts'

describe('AndroidCPUInfo', () => {
  it.each([
    ['armeabi-v7a', 'arm'],
    ['arm64-v8a', 'arm64'],
    ['x86_64', 'amd64'],
    ['x86', 'x86'],
    [['x86'], 'unknown'],
  ])('reads the interface %j as %s', (abi, arch) => {
    expect(processedCrash({ Android_CPU_ABI: abi }).processed.cpu_arch).toBe(arch)
  })

  it('does not apply where the dump knows', () => {
    const walk = stack([], { system_info: { cpu_arch: 'arm64' } })
    expect(processedCrash({ Android_CPU_ABI: 'x86' }, walk).processed.cpu_arch).toBe('arm64')
  })
})

describe('AndroidOSInfo', () => {
  it.each([
    ['34 (REL)', 'Android', '34', 'Android 34'],
    ['34', 'Android', '34', 'Android 34'],
    ['UpsideDownCake', 'Android', '', 'Android'],
    [{ a: 1 }, 'Unknown', '', 'Unknown'],
  ])('reads %j', (version, os, osVersion, pretty) => {
    expect(processedCrash({ Android_Version: version }).processed).toMatchObject({
      os_name: os,
      os_version: osVersion,
      os_pretty_version: pretty,
    })
  })

  it('applies to a dump from Android and to no other', () => {
    const from = (os: string) => stack([], { system_info: { os, os_ver: '6.1' } })
    expect(processedCrash({ Android_Version: '34 (REL)' }, from('Android')).processed.os_version).toBe('34')
    expect(processedCrash({ Android_Version: '34 (REL)' }, from('Linux')).processed.os_version).toBe('6.1')
  })
})

describe('PlatformInfo', () => {
  const told = { CPUArchitecture: 'amd64', CPUInfo: 'family 6', OS: 'Windows NT', OSVersion: '10.0.22631' }

  it('tells the platform of a report without a minidump', () => {
    expect(processedCrash(told).processed).toMatchObject({
      cpu_arch: 'amd64',
      cpu_info: 'family 6',
      os_name: 'Windows NT',
      os_version: '10.0.22631',
      os_pretty_version: 'Windows 11',
    })
  })

  it('does not change what the dump tells', () => {
    const walk = stack([], { system_info: { os: 'Linux', os_ver: '6.1', cpu_arch: 'arm64', cpu_info: 'x' } })
    expect(processedCrash(told, walk).processed).toMatchObject({
      cpu_arch: 'arm64',
      cpu_info: 'x',
      os_name: 'Linux',
      os_version: '6.1',
    })
  })

  it('takes odd values for none', () => {
    expect(processedCrash({ OS: ['x'], CPUInfo: {} }).processed).toMatchObject({
      os_name: 'Unknown',
      cpu_info: 'unknown',
    })
  })
})

describe('ModuleURLRewrite', () => {
  const url = (symbol_url: unknown) => stack([], { modules: [{ filename: 'a.so', symbol_url }] })
  const seen = (symbolUrl: unknown) => {
    const { processed, notes } = processedCrash({}, url(symbolUrl))
    return [JSON.parse(JSON.stringify(processed)).json_dump.modules[0].symbol_url, notes.join().includes('Redacting')]
  }

  it.each([
    ['http://localhost:8000/a.sym', null, true],
    ['http://127.0.0.1:8787/a.sym', null, true],
    ['http://symbols.internal/a', null, true],
    ['https://symbols.example/a.sym?signature=secret', 'https://symbols.example/a.sym', false],
    ['https://symbols.example/a.sym', 'https://symbols.example/a.sym', false],
    [null, null, false],
    ['no url', null, true],
    [7, 7, false],
  ])('makes of %j %j', (before, after, isNoted) => {
    expect(seen(before)).toEqual([after, isNoted])
  })
})

describe('macOS and soft errors', () => {
  it('MacBootArgs keeps the arguments and says that there were some', () => {
    expect(processedCrash({}, stack([], { mac_boot_args: '-v' })).processed).toMatchObject({
      mac_boot_args: '-v',
      has_mac_boot_args: true,
    })
    for (const none of ['', null, 7]) {
      expect(processedCrash({}, stack([], { mac_boot_args: none })).processed).not.toHaveProperty('has_mac_boot_args')
    }
  })

  it('MacCrashInfo is JSON with sorted keys', () => {
    const info = { records: [{ module: 'm', message: 'x' }], num_records: 1 }
    expect(processedCrash({}, stack([], { mac_crash_info: info })).processed.mac_crash_info).toBe(
      '{"num_records": 1, "records": [{"message": "x", "module": "m"}]}',
    )
    for (const none of [{ num_records: 0, records: [] }, null, [], { num_records: '1' }]) {
      expect(processedCrash({}, stack([], { mac_crash_info: none })).processed).not.toHaveProperty('mac_crash_info')
    }
  })

  it('SoftErrors is JSON, cut', () => {
    expect(processedCrash({}, stack([], { soft_errors: [{ b: 1, a: null }] })).processed.soft_errors).toBe(
      '[{"a": null, "b": 1}]',
    )
    expect(processedCrash({}, stack([], { soft_errors: 'x'.repeat(5_000) })).processed.soft_errors).toHaveLength(4_096)
    expect(processedCrash({}, stack([])).processed).not.toHaveProperty('soft_errors')
  })
})
