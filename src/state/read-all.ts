/** Reads every row of a store from its engine, page by page. */
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { Engine } from './engine.ts'
import { withPrefix } from './key-range.ts'

const NOTHING = new Uint8Array(0)
const PAGE = { rows: 10_000, bytes: 1 << 20 }

/** Calls `visit` for each row behind a prefix, in order of keys: its key without the prefix, and where it is. */
export function readAll(
  engine: Engine,
  prefix: Uint8Array,
  visit: (key: Uint8Array, page: PackedRows, row: number) => void,
): MaybePromise<void> {
  const cursor = engine.cursor(withPrefix({ from: NOTHING }, prefix))
  const readOn = (page: PackedRows): MaybePromise<void> => {
    if (page.count === 0) return cursor.close()
    for (let row = 0; row < page.count; row++) {
      const at = page.keyAt[row]!
      visit(page.bytes.slice(at + prefix.length, at + page.keyLength[row]!), page, row)
    }
    return chain(cursor.next(PAGE), readOn)
  }
  return chain(cursor.next(PAGE), readOn)
}
