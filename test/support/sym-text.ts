/** Generated sym files: valid text that deflate packs to about a fifth, the same for the same seed. */

const LINE_BYTES = 24

/** A sym file of about `bytes` bytes. */
export function symFile(debugFile: string, debugId: string, bytes: number, seed: number): Buffer {
  const head = `MODULE Linux x86_64 ${debugId} ${debugFile}\nINFO CODE_ID ${debugId}\nFILE 0 src/${debugFile}.cc\n`
  const text = Buffer.alloc(bytes)
  let at = text.write(head)
  let state = seed >>> 0
  for (let address = 0x1000; at + 4 * LINE_BYTES < bytes; address += 0x40) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    const hex = address.toString(16)
    const noise = state.toString(16)
    at += text.write(`FUNC ${hex} 40 0 f_${noise}\n${hex} 40 ${(state >>> 20) + 1} 0\n`, at, 'latin1')
  }
  return text.subarray(0, at)
}
