/** Writes what LevelDB and RocksDB write, from their descriptions, so that readers can be tested with exactly the damage wanted. */
import { crc32cBytewise } from '../../src/base/crc32c.ts'

const BLOCK = 32_768

/** A log file with these records. */
export function logFile(records: readonly Uint8Array[]): Uint8Array {
  const bytes: number[] = []
  for (const record of records) {
    let at = 0
    do {
      const room = BLOCK - (bytes.length % BLOCK)
      if (room < 7) {
        bytes.push(...Array.from({ length: room }, () => 0))
        continue
      }
      const length = Math.min(room - 7, record.length - at)
      const first = at === 0
      const last = at + length === record.length
      const piece = [first && last ? 1 : first ? 2 : last ? 4 : 3, ...record.subarray(at, at + length)]
      bytes.push(...masked(piece), length & 255, length >> 8, ...piece)
      at += length
      if (last) break
    } while (at <= record.length)
  }
  return Uint8Array.from(bytes)
}

/** The head of a write batch, with so many bytes of rows behind it. */
export function batchRecord(sequence: number, count: number, size = 20): Uint8Array {
  const record = new Uint8Array(12 + size).fill(7)
  new DataView(record.buffer).setBigUint64(0, BigInt(sequence), true)
  new DataView(record.buffer).setUint32(8, count, true)
  return record
}

/** The checksum of bytes as both engines store it. */
export function masked(bytes: readonly number[]): number[] {
  const crc = crc32cBytewise(Uint8Array.from(bytes))
  const mask = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
  return [mask & 255, (mask >>> 8) & 255, (mask >>> 16) & 255, mask >>> 24]
}

/** A varint, little end first. */
export function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]
}

/** A length and as many bytes. */
export function lengthAnd(bytes: readonly number[]): number[] {
  return [...varint(bytes.length), ...bytes]
}
