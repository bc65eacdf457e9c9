/**
 * Log lines: an object of fields and a message, so that a pino instance fits as it is. The default writes one line an event on standard error
 * from `warn` on. Repeats of a line within a minute are counted, not written.
 */
import type { Clock } from '../base/clock.ts'

/** Takes log events; pino's signature. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Writes `warn` and `error` as one line of JSON each through `write`. */
export function lineLogger(write: (line: string) => void): Logger {
  const line = (level: string) => (fields: object, message: string) => write(JSON.stringify({ level, message, ...fields }))
  return { debug: () => undefined, info: () => undefined, warn: line('warn'), error: line('error') }
}

/** A logger that drops everything. */
export const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

const REPEAT_MS = 60_000

/** Lets a message of one key through once a minute, with the count of what was held back in between. */
export function oncePerMinute(
  clock: Clock,
  write: (fields: object, message: string) => void,
): (key: string, fields: object, message: string) => void {
  const last = new Map<string, { at: number; held: number }>()
  return (key, fields, message) => {
    const now = clock.monotonic()
    const known = last.get(key)
    if (known !== undefined && now - known.at < REPEAT_MS) {
      known.held++
      return
    }
    last.set(key, { at: now, held: 0 })
    write(known === undefined || known.held === 0 ? fields : { ...fields, repeated: known.held }, message)
  }
}
