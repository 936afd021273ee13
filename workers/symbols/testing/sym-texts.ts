/** What the index tests share: sym files whose every answer is known. */

export const SYM_ID = '44E4EC8C2F41492B9369D6B9A059577C2'

/** The key of a debug file's sym file. */
export const symKey = (file: string) => `${file}/${SYM_ID}/${file}.sym`

/** `functions` functions of 256 bytes, each with a line for every 16, whose names say their version and number. */
export function symText(file: string, functions: number, version = 'one'): string {
  const lines = [`MODULE Linux x86_64 ${SYM_ID} ${file}`, 'FILE 0 main.c']
  for (let at = 0; at < functions; at++) {
    const start = 0x1000 + at * 0x100
    lines.push(`FUNC ${start.toString(16)} 100 0 ${version}_${at}_${noise(at)}`)
    for (let line = 0; line < 16; line++) lines.push(`${(start + line * 16).toString(16)} 10 ${at + line} 0`)
  }
  return `${lines.join('\n')}\n`
}

/** An address within function `at`, in its third line record. */
export const addressIn = (at: number) => BigInt(0x1000 + at * 0x100 + 0x24)

/** `one_12_x3f…` → `one_12` */
export const shortName = (name: string) => name.replace(/_[^_]*$/, '')

/** Text that does not compress away, so that a file of many functions has many blocks. */
function noise(at: number): string {
  let state = at * 2_654_435_761 + 1
  let text = ''
  for (let n = 0; n < 5; n++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    text += state.toString(36)
  }
  return text
}
