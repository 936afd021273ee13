/** `length` bytes of a stream from `offset` on. It stops reading there, and ends early where the stream does. */
export function cutOut(stream: ReadableStream<Uint8Array>, offset: number, length: number): ReadableStream<Uint8Array> {
  const reader = stream.getReader()
  let toSkip = offset
  let toGive = length
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const { done, value } = toGive === 0 ? { done: true, value: undefined } : await reader.read()
        if (done || value === undefined) {
          controller.close()
          await reader.cancel()
          return
        }
        const wanted = value.subarray(toSkip, toSkip + toGive)
        toSkip -= Math.min(toSkip, value.length)
        toGive -= wanted.length
        if (wanted.length === 0) continue
        controller.enqueue(wanted)
        return
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
