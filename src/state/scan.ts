/**
 * Scans: rows one after another. Plain iteration works where the store answers at once and says so where it doesn't; leaving the loop closes the
 * scan. A scan shows the store as it was when the scan was made.
 */
import { StoreUnavailableError } from '../base/errors.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Scan } from './store-spec.ts'

/** Where a scan takes its rows from: the next one, or undefined at the end. */
export interface RowSource<T> {
  next(): MaybePromise<T | undefined>
  close(): void
}

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
  return {
    [Symbol.iterator]: () => ({
      next: () => {
        const row = next()
        if (row instanceof Promise) {
          close()
          throw new StoreUnavailableError(
            'STORE_ASYNC_SCAN',
            `store ${store} reads from disk: write \`for await (const row of store.range())\``,
            { context: { store } },
          )
        }
        if (row !== undefined) return { done: false, value: row }
        close()
        return { done: true, value: undefined }
      },
      return: () => {
        close()
        return { done: true, value: undefined }
      },
    }),
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const row = await next()
        if (row !== undefined) return { done: false, value: row }
        close()
        return { done: true, value: undefined }
      },
      return: () => {
        close()
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
    [Symbol.dispose]: close,
  }
}

/** A source over rows that are there. */
export function rowsOf<T>(rows: readonly T[]): RowSource<T> {
  let at = 0
  return { next: () => rows[at++], close: () => undefined }
}

/** A source that ends after so many rows. */
export function limited<T>(source: RowSource<T>, limit: number | undefined): RowSource<T> {
  if (limit === undefined) return source
  let left = limit
  return { next: () => (left-- > 0 ? source.next() : undefined), close: () => source.close() }
}
