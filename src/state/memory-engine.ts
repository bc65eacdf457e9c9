/**
 * The memory engine: rows in a hash table of byte keys, put in order where scans ask for it. It answers at once, keeps nothing over the process,
 * and is the reference that other engines are compared with.
 */
import { StoreUnavailableError } from '../base/errors.ts'
import { murmur2 } from '../base/murmur2.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import { ByteTable } from './byte-table.ts'
import type { Cursor, Engine, KeyRange, WriteBatch } from './engine.ts'
import { RowsBuilder } from './rows-builder.ts'

/** Rows in memory. */
export class MemoryEngine implements Engine {
  readonly name = 'memory'
  readonly persistent = false
  readonly #keys: ByteTable = new ByteTable()
  readonly #values: Uint8Array[] = []
  readonly #cursors: Set<MemoryCursor> = new Set()
  #closed = false

  getMany(keys: PackedRows): PackedRows {
    this.#open()
    const found = new RowsBuilder()
    for (let i = 0; i < keys.count; i++) {
      const at = keys.keyAt[i]!
      const length = keys.keyLength[i]!
      const id = this.#keys.find(keys.bytes, at, length, murmur2(keys.bytes, at, at + length))
      found.key(keys.bytes, at, length)
      if (id < 0) found.value(NOTHING, 0, -1)
      else found.value(this.#values[id]!, 0, this.#values[id]!.length)
    }
    return found.rows()
  }

  cursor(range: KeyRange): Cursor {
    this.#open()
    const ids = this.#keys.inOrder(range)
    const rows = ids.map((id) => ({ key: this.#keyOf(id), value: this.#values[id]! }))
    const cursor = new MemoryCursor(range.reverse === true ? rows.reverse() : rows, () => this.#cursors.delete(cursor))
    this.#cursors.add(cursor)
    return cursor
  }

  write({ rows, deleteRanges }: WriteBatch): void {
    this.#open()
    for (const range of deleteRanges) for (const id of this.#keys.inOrder(range)) this.#remove(id)
    for (let i = 0; i < rows.count; i++) this.#put(rows, i)
  }

  flush(): void {
    this.#open()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const cursor of this.#cursors) cursor.close()
  }

  metrics(): Readonly<Record<string, number>> {
    return { rows: this.#keys.count, key_bytes: this.#keys.keyBytes }
  }

  #open(): void {
    if (this.#closed) throw new StoreUnavailableError('STORE_CLOSED', 'the engine is closed')
  }

  #put(rows: PackedRows, i: number): void {
    const at = rows.keyAt[i]!
    const length = rows.keyLength[i]!
    const hash = murmur2(rows.bytes, at, at + length)
    const known = this.#keys.find(rows.bytes, at, length, hash)
    const valueLength = rows.valueLength[i]!
    if (valueLength < 0) {
      if (known >= 0) this.#remove(known)
      return
    }
    const valueAt = rows.valueAt[i]!
    this.#values[known < 0 ? this.#keys.add(rows.bytes, at, length, hash) : known] = rows.bytes.slice(valueAt, valueAt + valueLength)
  }

  #remove(id: number): void {
    this.#keys.remove(id)
    this.#values[id] = NOTHING
  }

  #keyOf(id: number): Uint8Array {
    const at = this.#keys.keyAt(id)
    return this.#keys.bytes.slice(at, at + this.#keys.keyLength(id))
  }
}

const NOTHING = new Uint8Array(0)

interface Row {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

class MemoryCursor implements Cursor {
  /** Undefined: closed. */
  #rows: readonly Row[] | undefined
  #at = 0
  readonly #closed: () => void

  constructor(rows: readonly Row[], closed: () => void) {
    this.#rows = rows
    this.#closed = closed
  }

  next({ rows, bytes }: { readonly rows: number; readonly bytes: number }): PackedRows {
    const all = this.#rows
    if (all === undefined) throw new StoreUnavailableError('ITERATOR_CLOSED', 'a cursor was used after it was closed')
    const page = new RowsBuilder()
    for (let count = 0; count < rows && page.byteLength < bytes && this.#at < all.length; count++) {
      const { key, value } = all[this.#at++]!
      page.key(key, 0, key.length)
      page.value(value, 0, value.length)
    }
    return page.rows()
  }

  close(): void {
    this.#rows = undefined
    this.#closed()
  }
}
