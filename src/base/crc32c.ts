/**
 * Hot path. CRC-32C (Castagnoli, reflected polynomial 0x82f63b78): the checksum of record batches and of marks in stores. Slicing-by-16 (Kounavis and Berry) over
 * aligned 32-bit words, bytes at both ends: the sixteen table look-ups of a step don't wait for each other, so 113 bytes cost 61 ns in
 * place of 245 (benchmarks/micro/crc32c.ts); the processor's own instruction, where the platform registers it, 26. The byte-wise twin is the definition, the oracle of the tests, and what big-endian hosts use.
 */

const POLYNOMIAL = 0x82f63b78

/** Bytes from which a view and a call into native code cost less than the loop. */
const SHORTEST_CALL = 512

/** Sixteen tables of 256: table k holds the checksum of a byte followed by k zero bytes. */
const TABLES = makeTables()

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

let native: ((bytes: Uint8Array) => number) | undefined

/** Takes a faster function of the platform for what is long, for the whole process; undefined takes none. It must answer as `crc32c`, unsigned. */
export function registerCrc32c(faster: ((bytes: Uint8Array) => number) | undefined): void {
  native = faster
}

/** The CRC-32C of `bytes[at, end)`, unsigned. */
export function crc32c(bytes: Uint8Array, at = 0, end: number = bytes.length): number {
  if (native !== undefined && end - at >= SHORTEST_CALL) return native(bytes.subarray(at, end))
  const aligned = at + (-(bytes.byteOffset + at) & 3)
  const blocks = (end - aligned) >> 4
  if (!LITTLE_ENDIAN || blocks < 1) return crc32cBytewise(bytes, at, end)
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + aligned, blocks << 2)
  const crc = sliced(words, bytewise(-1, bytes, at, aligned))
  return ~bytewise(crc, bytes, aligned + (blocks << 4), end) >>> 0
}

/** The same, a byte at a time. */
export function crc32cBytewise(bytes: Uint8Array, at = 0, end: number = bytes.length): number {
  return ~bytewise(-1, bytes, at, end) >>> 0
}

function bytewise(start: number, bytes: Uint8Array, at: number, end: number): number {
  const tables = TABLES
  let crc = start
  for (let i = at; i < end; i++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[i]!) & 255]!
  return crc
}

function sliced(words: Int32Array, start: number): number {
  const t = TABLES
  const { length } = words
  let crc = start
  for (let i = 0; i < length; i += 4) {
    const a = words[i]! ^ crc
    const b = words[i + 1]!
    const c = words[i + 2]!
    const d = words[i + 3]!
    crc =
      t[3840 + (a & 255)]! ^
      t[3584 + ((a >>> 8) & 255)]! ^
      t[3328 + ((a >>> 16) & 255)]! ^
      t[3072 + (a >>> 24)]! ^
      t[2816 + (b & 255)]! ^
      t[2560 + ((b >>> 8) & 255)]! ^
      t[2304 + ((b >>> 16) & 255)]! ^
      t[2048 + (b >>> 24)]! ^
      t[1792 + (c & 255)]! ^
      t[1536 + ((c >>> 8) & 255)]! ^
      t[1280 + ((c >>> 16) & 255)]! ^
      t[1024 + (c >>> 24)]! ^
      t[768 + (d & 255)]! ^
      t[512 + ((d >>> 8) & 255)]! ^
      t[256 + ((d >>> 16) & 255)]! ^
      t[d >>> 24]!
  }
  return crc
}

function makeTables(): Int32Array {
  const tables = new Int32Array(16 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0)
    tables[byte] = crc
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256]!
    tables[i] = (before >>> 8) ^ tables[before & 255]!
  }
  return tables
}
