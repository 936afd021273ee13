import { describe, expect, it } from 'vitest'
import { MAX_UPLOAD_BYTES } from '#shared/limits.ts'
import { UploadBody } from './upload-body.ts'

describe('UploadBody', () => {
  const chunk = new Uint8Array(64 << 20)
  const endless = (chunks: number) => {
    let left = chunks
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        if (left-- > 0) controller.enqueue(chunk)
        else controller.close()
      },
    })
  }

  it('ends one byte over the cap of an upload', async () => {
    const read = async (body: UploadBody) => {
      let bytes = 0
      for await (const part of body.chunks()) bytes += part.length
      return bytes
    }
    expect(await read(new UploadBody(endless(MAX_UPLOAD_BYTES / chunk.length)))).toBe(MAX_UPLOAD_BYTES)
    await expect(read(new UploadBody(endless(MAX_UPLOAD_BYTES / chunk.length + 1)))).rejects.toMatchObject({
      reason: 'body_too_large',
    })
  })

  it('a drain stops after its share of an endless body', async () => {
    const stream = endless(Number.POSITIVE_INFINITY)
    await new UploadBody(stream).drain()
    expect(stream.locked).toBe(true)
  })
})
