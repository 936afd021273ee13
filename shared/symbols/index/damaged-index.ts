/** Bytes of an index that cannot be what was built: a wrong checksum, or a number that leads nowhere. The remedy is to build it again. */
export class DamagedIndex extends Error {
  override readonly name = 'DamagedIndex'
}
