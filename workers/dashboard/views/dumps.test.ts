import { describe, expect, it } from 'vitest'
import { dumpFiles } from './dumps.ts'

describe('dumpFiles', () => {
  it('tells minidumps from attachments, with checksum and what the stackwalker said', () => {
    expect(
      dumpFiles(
        {
          metadata: {
            dump_checksums: {
              upload_file_minidump: 'a',
              upload_file_minidump_browser: 'b',
              memory_report: 'c',
              gamelog: 'd',
            },
            attachments: { gamelog: 'game\u202e.log' },
          },
        },
        {
          mdsw_status_string: 'OK',
          additional_minidumps: ['upload_file_minidump_browser'],
          upload_file_minidump_browser: { mdsw_status_string: 'ERROR_NO_MINIDUMP_HEADER' },
        },
      ),
    ).toEqual([
      { name: 'upload_file_minidump', kind: 'minidump', fileName: null, checksum: 'a', status: 'OK' },
      {
        name: 'upload_file_minidump_browser',
        kind: 'minidump',
        fileName: null,
        checksum: 'b',
        status: 'ERROR_NO_MINIDUMP_HEADER',
      },
      { name: 'memory_report', kind: 'attachment', fileName: null, checksum: 'c', status: null },
      { name: 'gamelog', kind: 'attachment', fileName: 'game\\u202e.log', checksum: 'd', status: null },
    ])
  })

  it('names the main minidump where the metadata is not visible, and reads any type', () => {
    expect(dumpFiles({})).toEqual([
      { name: 'upload_file_minidump', kind: 'minidump', fileName: null, checksum: null, status: null },
    ])
    for (const odd of [null, 'x', 7, [], { metadata: 'x' }, { metadata: { dump_checksums: [], attachments: 7 } }]) {
      expect(dumpFiles(odd, { additional_minidumps: 'x' })).toHaveLength(1)
    }
  })
})
