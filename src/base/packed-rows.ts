/**
 * Rows in one buffer: what a decoded record batch, a flush, a write and a page of a scan all are. Positions and lengths stand in columns, so
 * that a row costs no object and no view: crossing into native code or making a `Uint8Array` per row costs 50 ns to 4 µs.
 */

/** `count` rows of a key and a value, as byte ranges of `bytes`. A length of −1 is an absent key (null) or value (null, a delete). */
export interface PackedRows {
  readonly bytes: Uint8Array
  readonly count: number
  readonly keyAt: Int32Array
  readonly keyLength: Int32Array
  readonly valueAt: Int32Array
  readonly valueLength: Int32Array
}
