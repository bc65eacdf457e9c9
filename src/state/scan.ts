/**
 * Scans: rows one after another. Plain iteration works where the store answers at once and says so where it doesn't; leaving the loop closes the
 * scan. A scan shows the store as it was when the scan was made.
 */
import { StoreUnavailableError } from '../base/errors.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { RowSource, Scan, ScanOptions } from './store-spec.ts'

/** A scan over a source. */
export function scanOf<T>(source: RowSource<T>, store: string): Scan<T> {
  let closed = false
  const close = (): void => {
    if (closed) return
    closed = true
    source.close()
  }
  const next = (): MaybePromise<T | undefined> => {
    if (closed)
      throw new StoreUnavailableError('ITERATOR_CLOSED', `a scan of store ${store} was used after it was closed`, { context: { store } })
    return source.next()
  }
  // A loop that ends by an error of its source doesn't call `return`.
  const failed = (error: unknown): never => {
    close()
    throw error
  }
  const result = (row: T | undefined): IteratorResult<T, undefined> => {
    if (row !== undefined) return { done: false, value: row }
    close()
    return { done: true, value: undefined }
  }
  return {
    [Symbol.iterator]: () => ({
      next: () => {
        try {
          return result(resident(next(), store))
        } catch (error) {
          return failed(error)
        }
      },
      return: () => result(undefined),
    }),
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        try {
          return result(await next())
        } catch (error) {
          return failed(error)
        }
      },
      return: () => Promise.resolve(result(undefined)),
    }),
    [Symbol.dispose]: close,
  }
}

function resident<T>(row: MaybePromise<T>, store: string): T {
  if (!(row instanceof Promise)) return row
  // Nobody waits for it: what it may say after the scan was closed is nobody's.
  row.catch(() => undefined)
  throw new StoreUnavailableError('STORE_ASYNC_SCAN', `store ${store} reads from disk: write \`for await (const row of store.range())\``, {
    context: { store },
  })
}

/** A source over rows that are there. */
export function rowsOf<T>(rows: readonly T[]): RowSource<T> {
  let at = 0
  return { next: () => rows[at++], close: () => undefined }
}

/** A scan over rows that are there, from the end and so many where the options say so. */
export function scanOfRows<T>(rows: readonly T[], { reverse, limit }: ScanOptions, store: string): Scan<T> {
  return scanOf(limited(rowsOf(reverse === true ? rows.toReversed() : rows), limit), store)
}

/** A source that ends after so many rows. */
export function limited<T>(source: RowSource<T>, limit: number | undefined): RowSource<T> {
  if (limit === undefined) return source
  let left = limit
  return { next: () => (left-- > 0 ? source.next() : undefined), close: () => source.close() }
}

/**
 * Shows rows one after another, each when the one before is done, until `visit` answers false; at once as long as nothing has to wait. Closes the
 * source, whatever happens.
 */
export function visitRows<T>(source: RowSource<T>, visit: (row: T) => MaybePromise<boolean>): MaybePromise<void> {
  const failed = (error: unknown): never => {
    source.close()
    throw error
  }
  try {
    for (;;) {
      const goesOn = chain(source.next(), (row): MaybePromise<boolean> => (row === undefined ? false : visit(row)))
      if (goesOn instanceof Promise) return goesOn.then((more) => (more ? visitRows(source, visit) : source.close()), failed)
      if (!goesOn) return source.close()
    }
  } catch (error) {
    return failed(error)
  }
}
