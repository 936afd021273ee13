import { describe, expect, it } from 'vitest'
import type { Bucket } from '../ports.ts'
import { countedBucket } from './counted-bucket.ts'

describe('countedBucket', () => {
  it('counts what R2 bills, in multipart uploads too, and passes everything on', async () => {
    const asked: string[] = []
    const upload = {
      uploadPart: async (part: number) => asked.push(`part ${part}`),
      complete: async () => asked.push('complete'),
      abort: async () => asked.push('abort'),
    }
    const bucket = {
      put: async (key: string) => asked.push(`put ${key}`),
      head: async (key: string) => asked.push(`head ${key}`),
      get: async (key: string) => asked.push(`get ${key}`),
      list: async () => asked.push('list'),
      delete: async (key: string) => asked.push(`delete ${key}`),
      createMultipartUpload: async () => upload,
      resumeMultipartUpload: () => upload,
    } as unknown as Bucket
    const counted = countedBucket(bucket)
    await counted.bucket.put('a', '')
    await counted.bucket.head('a')
    await counted.bucket.get('a')
    await counted.bucket.delete('a')
    const begun = await counted.bucket.createMultipartUpload('b')
    await begun.uploadPart(1, '')
    await counted.bucket.resumeMultipartUpload('b', 'id').uploadPart(2, '')
    await begun.complete([])
    await begun.abort()
    expect(asked).toEqual(['put a', 'head a', 'get a', 'delete a', 'part 1', 'part 2', 'complete', 'abort'])
    expect(counted.operations).toEqual({ classA: 5, classB: 2 })
    const lines: unknown[] = []
    counted.counting((stage, outcome, fields) => lines.push({ stage, outcome, ...fields }))('symbols', 'stored', {
      bytes: 1,
    })
    expect(lines).toEqual([{ stage: 'symbols', outcome: 'stored', bytes: 1, r2_class_a: 5, r2_class_b: 2 }])
  })
})
