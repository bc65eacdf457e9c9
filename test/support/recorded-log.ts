/** A logger that keeps what it is told. */
import type { Logger } from '../../src/runtime/logger.ts'

/** One event. */
export interface LoggedEvent {
  readonly level: keyof Logger
  readonly fields: object
  readonly message: string
}

/** A logger, and what it was told. */
export function recordedLog(): { readonly logger: Logger; readonly events: LoggedEvent[] } {
  const events: LoggedEvent[] = []
  const at = (level: keyof Logger) => (fields: object, message: string) => {
    events.push({ level, fields, message })
  }
  return { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, events }
}
