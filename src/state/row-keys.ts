/** Keys of rows that are looked up: with the hashes that came with them, and as the engine has them. */
import type { PackedRows } from '../base/packed-rows.ts'
import { RowsBuilder } from './rows-builder.ts'

/** A key's bytes with their hash. */
export interface HashedKey {
  readonly key: Uint8Array
  readonly hash: number
}

/** Rows whose keys are hashed already, as fetched batches are. */
export interface HashedRows extends PackedRows {
  readonly keyHash: Int32Array
}

const NOTHING = new Uint8Array(0)

/** Keys as the engine has them: behind the prefix of their store. */
export function rowKeys(prefix: Uint8Array, wanted: readonly HashedKey[]): PackedRows {
  const keys = new RowsBuilder()
  for (const { key } of wanted) {
    keys.startKey()
    keys.addToKey(prefix, 0, prefix.length)
    keys.addToKey(key, 0, key.length)
    keys.value(NOTHING, 0, -1)
  }
  return keys.rows()
}
