/** What a serde says when it refuses: the value or the first bytes, and what to do instead. */
import { toHex } from '../base/bytes.ts'
import { SerdeError, type CodeOf } from '../base/errors.ts'

const SHOWN_BYTES = 64
const SHOWN_TEXT = 64

/** Bytes that are not what the serde reads. */
export function undecodable(type: string, bytes: Uint8Array, expected: string, cause?: unknown): SerdeError {
  const found = bytes.length === 0 ? 'no bytes' : `${toHex(bytes, SHOWN_BYTES)}${bytes.length > SHOWN_BYTES ? '…' : ''}`
  return new SerdeError(
    'SERDE_DECODE',
    `${bytes.length === 1 ? '1 byte is' : `${bytes.length} bytes are`} not ${type}: ${expected} (found ${found})`,
    cause === undefined ? {} : { cause },
  )
}

/** A value that the serde can't write. */
export function unencodable(type: string, value: unknown, advice: string, code: CodeOf<'SerdeError'> = 'SERDE_ENCODE'): SerdeError {
  return new SerdeError(code, `${shown(value)} is not ${type}: ${advice}`)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, SHOWN_TEXT)}'`
  if (typeof value === 'bigint') return `${value}n`
  return typeof value === 'object' && value !== null ? `an object (${Object.prototype.toString.call(value).slice(8, -1)})` : String(value)
}
