/** A scan that somebody looks at: which rows it gives, and when it ends. */
import type { Scan } from '../state/store-spec.ts'

/** Who looks. */
export interface ScanWatcher<T> {
  /** A row was given. */
  readonly row?: (row: T) => unknown
  /** It is closed: behind its last row, by leaving its loop, by an error, or because somebody said so. May come more than once. */
  readonly closed?: () => unknown
}

/** The same scan, watched. */
export function watchedScan<T>(scan: Scan<T>, { row, closed }: ScanWatcher<T>): Scan<T> {
  const told = (result: IteratorResult<T, unknown>): IteratorResult<T, unknown> => {
    if (result.done === true) closed?.()
    else row?.(result.value)
    return result
  }
  const failed = (error: unknown): never => {
    closed?.()
    throw error
  }
  const end = { done: true, value: undefined } as const
  return {
    [Symbol.iterator]: () => {
      const rows = scan[Symbol.iterator]()
      return {
        next: () => {
          try {
            return told(rows.next())
          } catch (error) {
            return failed(error)
          }
        },
        return: () => told(rows.return?.() ?? end),
      }
    },
    [Symbol.asyncIterator]: () => {
      const rows = scan[Symbol.asyncIterator]()
      return { next: () => rows.next().then(told, failed), return: async () => told((await rows.return?.()) ?? end) }
    },
    [Symbol.dispose]: () => {
      closed?.()
      scan[Symbol.dispose]()
    },
  }
}
