/** A minidump whose names attack whoever reads them, made of a real one: new strings go to its end, and its lists point at them. */

const MODULE_LIST = 4
const THREAD_NAMES = 24
const MODULE_BYTES = 108
const MODULE_NAME_AT = 20
const THREAD_NAME_BYTES = 12

/** The dump with every module and thread named by `name`, told apart by a number. */
export function withNames(dump: Uint8Array, name: string): Buffer {
  const chunks = [Buffer.from(dump)]
  const [copy] = chunks
  if (copy === undefined || copy.toString('latin1', 0, 4) !== 'MDMP') throw new Error('not a minidump')
  let end = copy.length
  const appended = (text: string): number => {
    const at = end
    const bytes = Buffer.from(text, 'utf16le')
    const string = Buffer.alloc(bytes.length + 6)
    string.writeUInt32LE(bytes.length)
    bytes.copy(string, 4)
    chunks.push(string)
    end += string.length
    return at
  }
  const streams = copy.readUInt32LE(8)
  const directory = copy.readUInt32LE(12)
  for (let stream = 0; stream < streams; stream++) {
    const type = copy.readUInt32LE(directory + 12 * stream)
    const list = copy.readUInt32LE(directory + 12 * stream + 8)
    const entries = () => Array.from({ length: copy.readUInt32LE(list) }, (_, entry) => entry)
    if (type === MODULE_LIST) {
      for (const entry of entries()) {
        copy.writeUInt32LE(appended(`/usr/lib/${name}${entry}`), list + 4 + MODULE_BYTES * entry + MODULE_NAME_AT)
      }
    }
    if (type === THREAD_NAMES) {
      for (const entry of entries()) {
        copy.writeBigUInt64LE(BigInt(appended(`${name}${entry}`)), list + 4 + THREAD_NAME_BYTES * entry + 4)
      }
    }
  }
  return Buffer.concat(chunks)
}
