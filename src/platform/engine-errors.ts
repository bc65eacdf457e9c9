/**
 * What the bindings' errors mean: damaged files, a full disk, a database that somebody else has open. Native code is never asked about a database
 * that is closed, so what is left is told by the texts of LevelDB and RocksDB.
 */
import { StateError, StoreUnavailableError, StreamsError } from '../base/errors.ts'

/** What the engine was doing, and where. */
export interface EngineCall {
  readonly engine: string
  readonly directory: string
  readonly doing: 'open' | 'read' | 'write' | 'scan' | 'flush' | 'close'
}

const LOCKED = /\block\b|already held/i
const FULL = /no space left|quota|too many open files|file too large|EMFILE|ENFILE|ENOSPC|EDQUOT|EFBIG/i
const FORBIDDEN = /permission denied|read-only file system|not permitted|EACCES|EROFS|EPERM/i
const CORRUPT = /corrupt|checksum|mismatch|not an sstable|bad magic|bad record|truncated|no such file/i

/** A database that its files say is damaged. */
export function corrupt(directory: string, what: string, options: { readonly cause?: unknown } = {}): StateError {
  return new StateError(
    'STATE_CORRUPT',
    `the database in ${directory} is damaged: ${what}. It is set aside and rebuilt from the changelog; if that happens again, check the disk`,
    options,
  )
}

/** The error to throw for one of a binding. */
export function engineError(cause: unknown, { engine, directory, doing }: EngineCall): StreamsError {
  if (cause instanceof StreamsError) return cause
  const text = textOf(cause)
  const options = { cause }
  if (FORBIDDEN.test(text))
    return new StateError(
      'STATE_DIR',
      `${engine} may not ${doing} in ${directory}: ${text}. The process needs to read, write and list it`,
      options,
    )
  if (doing === 'open' && LOCKED.test(text))
    return new StateError(
      'STATE_DIR_LOCKED',
      `the database in ${directory} is open in another process: ${text}. Give each instance its own stateDir`,
      options,
    )
  if (FULL.test(text))
    return new StateError(
      'STATE_DISK',
      `${engine} could not ${doing} in ${directory}: ${text}. Free space or raise the limit; nothing is lost`,
      {
        ...options,
        retriable: true,
      },
    )
  // The bindings don't tell the kind of an error. What an engine can't open or read, and isn't any of the above, is damaged.
  if (doing === 'open' || doing === 'read' || doing === 'scan' || CORRUPT.test(text)) return corrupt(directory, text, options)
  return new StateError('STATE_DISK', `${engine} could not ${doing} in ${directory}: ${text}`, { ...options, retriable: true })
}

/** The error of a call after `close`. */
export function engineClosed(engine: string): StoreUnavailableError {
  return new StoreUnavailableError('STORE_CLOSED', `the ${engine} engine is closed`)
}

/** The error of reading on from a cursor that was closed, or whose engine was. */
export function cursorClosed(): StoreUnavailableError {
  return new StoreUnavailableError('ITERATOR_CLOSED', 'the cursor is closed')
}

/** The messages of an error, of its causes and of the errors in it; bindings wrap the engine's own. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = error instanceof AggregateError ? error.errors.filter((part) => part !== undefined && part !== null) : []
  const parts = [...(error.cause === undefined ? [] : [error.cause]), ...inner]
  return [error.message, ...parts.map((part) => textOf(part))].filter((text) => text !== '').join(': ')
}
