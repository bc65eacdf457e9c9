/**
 * Rows that wait for their time: what suppress holds back, and the stream's side of a join with grace. Rows leave in order of their time, then of their
 * id's bytes. A buffer of one row a key keeps a key's first time and place while its value is replaced; one that keeps all gives each row an id of its
 * own: one byte 0, time 8, key, sequence 4 (Kafka Streams' time-first window key). Everything that waits is resident; what a flush writes is the same bytes in the
 * changelog and in the engine. Rows that came and went between two flushes are told to nobody, except where every write is logged.
 */
import { compareBytes, readInt32, readInt64, writeInt32, writeInt64 } from '../base/bytes.ts'
import { heap, type Heap } from '../base/heap.ts'
import { javaBuckets, javaBytesHash, javaOrder } from '../base/java-order.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import { murmur2 } from '../base/murmur2.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import { encodeHeaders } from '../model/headers.ts'
import { KeyCoder } from '../model/key-coder.ts'
import type { RecordContext, RecordMetadata } from '../model/record.ts'
import { bufferedSize, decodeBuffered, encodeBuffered } from './buffer-format.ts'
import { ByteTable } from './byte-table.ts'
import { withPrefix } from './key-range.ts'
import type { StoreParts } from './key-value-store.ts'
import { decoded } from './row-values.ts'
import { RowsBuilder } from './rows-builder.ts'
import { nullKey, storeClosed } from './store-errors.ts'
import type { Buffered, BufferStoreSpec, TimeOrderedBuffer } from './store-spec.ts'
import type { TaskStore } from './task-store.ts'

const NOTHING = new Uint8Array(0)
const LOAD_PAGE = { rows: 10_000, bytes: 1 << 20 }
/** Before the key in a row's own id: a byte that says that the time comes first, and the time. */
const HEAD_BYTES = 9
const SEQUENCE_BYTES = 4
const LARGEST_SEQUENCE = 0x7fff_ffff
/** Says that a changelog record is of the third format, as Kafka Streams' suppress does. */
const VERSION = encodeHeaders([['v', new Uint8Array([3])]])

interface Row<K, V> {
  readonly slot: number
  readonly id: Uint8Array
  readonly key: K
  /** In ms. */
  readonly time: number
  readonly prior: V | null
  old: V | null
  value: V | null
  record: RecordMetadata
  /** As bytes, and for how many it counts; undefined: not serialised since its last update. */
  bytes: Uint8Array | undefined
  size: number
  waits: boolean
}

/** A buffer of one task. */
export class BufferCache<K, V> implements TaskStore, TimeOrderedBuffer<K, V> {
  readonly #parts: StoreParts
  readonly #spec: BufferStoreSpec<unknown, unknown>
  readonly #ids: ByteTable = new ByteTable()
  /** By slot (the id's number); undefined: it left, and its leaving isn't flushed yet. */
  readonly #rows: (Row<K, V> | undefined)[] = []
  readonly #coder: KeyCoder
  /** True where every write is logged at once: a buffer that keeps all is, as Kafka Streams'. */
  readonly #logsAtOnce: boolean
  #order: Heap<Row<K, V>> = inOrder()
  #size = 0
  #bytes = 0
  #sequence = 0
  /** Slots written since the last flush, in order of their first write; and which slots the changelog and the engine know. */
  readonly #dirty: Set<number> = new Set()
  readonly #known: Set<number> = new Set()
  #buckets = javaBuckets(0)
  #pending: RowsBuilder = new RowsBuilder()
  #closed = false

  constructor(parts: StoreParts, spec: BufferStoreSpec<unknown, unknown>) {
    this.#parts = parts
    this.#spec = spec
    const { store, record } = parts
    this.#logsAtOnce = parts.everyWrite && spec.keepsAll === true
    const topic = store.changelog?.topic ?? store.name
    this.#coder = new KeyCoder({ serde: store.key, record, topic, isSourceSerde: () => store.readBySourceKey })
  }

  face(): TimeOrderedBuffer<K, V> {
    return this
  }

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#bytes
  }

  get minTime(): number {
    return this.#first()?.time ?? Number.POSITIVE_INFINITY
  }

  put(key: K, time: number, change: { readonly value: V | null; readonly old: V | null }, record: RecordContext): void {
    if (this.#closed) throw storeClosed(this.#parts.store.name)
    const id = this.#idOf(key, time)
    const { slot, row: found } = this.#found(id)
    if (found !== undefined) {
      found.old = change.old
      found.value = change.value
      found.record = record.snapshot()
      found.bytes = undefined
      this.#count(found)
    } else {
      const { value, old } = change
      this.#add({ slot, id, key, time, prior: old, old, value, record: record.snapshot(), bytes: undefined, size: 0, waits: true })
    }
    this.#dirty.add(slot)
    if (this.#logsAtOnce) this.#log(slot, id)
  }

  evict(): Buffered<K, V> | undefined {
    if (this.#closed) throw storeClosed(this.#parts.store.name)
    const row = this.#first()
    if (row === undefined) return undefined
    this.#remove(row)
    this.#dirty.add(row.slot)
    if (this.#logsAtOnce) this.#log(row.slot, row.id)
    return row
  }

  prior(key: K): { readonly value: V | null } | undefined {
    this.#coder.take(key)
    const { bytes, at, length } = this.#coder
    const slot = length < 0 ? -1 : this.#ids.find(bytes, at, length, murmur2(bytes, at, at + length))
    const row = slot < 0 ? undefined : this.#rows[slot]
    return row === undefined ? undefined : { value: row.prior }
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0
  }

  get unlanded(): number {
    return this.#dirty.size + this.#pending.count
  }

  get live(): number {
    return this.#size
  }

  get flushedTime(): number {
    return -1
  }

  flush(): void {
    this.#buckets = javaBuckets(this.#dirty.size, this.#buckets)
    const written = [...this.#dirty].map((slot) => {
      const id = this.#idAt(slot)
      return { slot, id, hash: javaBytesHash(id) }
    })
    for (const { slot, id } of javaOrder(written, this.#buckets)) this.#flushRow(slot, id)
    this.#dirty.clear()
  }

  pendingRows(): RowsBuilder | undefined {
    return this.#pending.count === 0 ? undefined : this.#pending
  }

  landed(): void {
    this.#pending = new RowsBuilder()
  }

  rollBack(): MaybePromise<void> {
    this.#ids.clear()
    this.#rows.length = 0
    this.#order = inOrder()
    this.#dirty.clear()
    this.#known.clear()
    this.#pending = new RowsBuilder()
    this.#size = 0
    this.#bytes = 0
    return this.load()
  }

  /** Makes resident what the engine has. */
  load(): MaybePromise<void> {
    const { engine, prefix } = this.#parts
    const cursor = engine.cursor(withPrefix({ from: NOTHING }, prefix))
    const readOn = (page: PackedRows): MaybePromise<void> => {
      if (page.count === 0) return cursor.close()
      for (let i = 0; i < page.count; i++) this.#restoreRow(page, i, prefix.length)
      return chain(cursor.next(LOAD_PAGE), readOn)
    }
    return chain(cursor.next(LOAD_PAGE), readOn)
  }

  restore(rows: PackedRows, row: number, _timestamp: number, into: RowsBuilder): void {
    this.#restoreRow(rows, row, 0)
    const { prefix } = this.#parts
    into.startKey()
    into.addToKey(prefix, 0, prefix.length)
    into.addToKey(rows.bytes, rows.keyAt[row]!, rows.keyLength[row]!)
    into.value(rows.bytes, rows.valueAt[row]!, rows.valueLength[row]!)
  }

  /** Everything that waits, in its order: time, id and bytes. */
  dump(): readonly { readonly time: number; readonly key: Uint8Array; readonly value: Uint8Array }[] {
    const rows = this.#rows.filter((row) => row !== undefined).sort(compareRows)
    return rows.map((row) => ({ time: row.time, key: row.id, value: this.#packed(row) }))
  }

  close(): void {
    this.#closed = true
  }

  #add(row: Row<K, V>): void {
    this.#rows[row.slot] = row
    this.#order.push(row)
    this.#size++
    this.#count(row)
  }

  #remove(row: Row<K, V>): void {
    row.waits = false
    this.#rows[row.slot] = undefined
    this.#size--
    this.#bytes -= row.size
  }

  /** Counts a row's bytes anew, where somebody asks for them. */
  #count(row: Row<K, V>): void {
    if (this.#spec.countsBytes !== true) return
    this.#packed(row)
  }

  /** The row that leaves next. */
  #first(): Row<K, V> | undefined {
    let row = this.#order.peek()
    while (row !== undefined && !row.waits) {
      this.#order.pop()
      row = this.#order.peek()
    }
    return row
  }

  #idOf(key: K, time: number): Uint8Array {
    this.#coder.take(key)
    const { bytes, at, length } = this.#coder
    if (length < 0) throw nullKey(this.#parts.store.name)
    if (this.#spec.keepsAll !== true) return bytes.slice(at, at + length)
    this.#sequence = (this.#sequence + 1) & LARGEST_SEQUENCE
    const id = new Uint8Array(HEAD_BYTES + length + SEQUENCE_BYTES)
    writeInt64(id, 1, time)
    id.set(bytes.subarray(at, at + length), HEAD_BYTES)
    writeInt32(id, HEAD_BYTES + length, this.#sequence)
    return id
  }

  /** The slot of an id, new if it isn't there, and its row. */
  #found(id: Uint8Array): { readonly slot: number; readonly row: Row<K, V> | undefined } {
    const hash = murmur2(id)
    const slot = this.#ids.find(id, 0, id.length, hash)
    return slot < 0 ? { slot: this.#ids.add(id, 0, id.length, hash), row: undefined } : { slot, row: this.#rows[slot] }
  }

  #idAt(slot: number): Uint8Array {
    const at = this.#ids.keyAt(slot)
    return this.#ids.bytes.slice(at, at + this.#ids.keyLength(slot))
  }

  /** A row as bytes, serialised once an update. */
  #packed(row: Row<K, V>): Uint8Array {
    if (row.bytes !== undefined) return row.bytes
    const serde = this.#parts.store.value
    const bytesOf = (value: V | null): Uint8Array | null => (value === null ? null : serde.serialize(value))
    const parts = { record: row.record, prior: bytesOf(row.prior), old: bytesOf(row.old), value: bytesOf(row.value) }
    // A row that keeps its own time has it in its id: Kafka Streams writes 0 for it.
    row.bytes = encodeBuffered({ ...parts, time: this.#spec.keepsAll === true ? 0 : row.time })
    if (row.waits) this.#bytes -= row.size
    row.size = bufferedSize({ ...parts, time: row.time }) + row.id.length
    if (row.waits) this.#bytes += row.size
    return row.bytes
  }

  #flushRow(slot: number, id: Uint8Array): void {
    const row = this.#rows[slot]
    if (row !== undefined || this.#known.has(slot) || this.#parts.everyWrite) {
      const { prefix } = this.#parts
      const rows = this.#pending
      rows.startKey()
      rows.addToKey(prefix, 0, prefix.length)
      rows.addToKey(id, 0, id.length)
      if (row === undefined) rows.value(NOTHING, 0, -1)
      else rows.value(this.#packed(row), 0, this.#packed(row).length)
      if (!this.#logsAtOnce) this.#log(slot, id)
    }
    if (row !== undefined) this.#known.add(slot)
    else {
      this.#known.delete(slot)
      this.#ids.remove(slot)
    }
  }

  #log(slot: number, id: Uint8Array): void {
    const { log, record } = this.#parts
    if (log === undefined) return
    const row = this.#rows[slot]
    // Kafka Streams leaves the time to its producer's clock; here it is the time of the record in hand.
    log.begin(Math.max(0, record.timestamp))
    log.key(id, 0, id.length)
    if (row === undefined) log.value(NOTHING, 0, -1)
    else log.value(this.#packed(row), 0, this.#packed(row).length)
    log.end(row === undefined || this.#spec.keepsAll === true ? undefined : VERSION)
  }

  /** Takes a row of the changelog, or of the engine behind its prefix. */
  #restoreRow(rows: PackedRows, index: number, prefix: number): void {
    const at = rows.keyAt[index]! + prefix
    const id = rows.bytes.slice(at, rows.keyAt[index]! + rows.keyLength[index]!)
    const { slot, row: before } = this.#found(id)
    if (before !== undefined) this.#remove(before)
    const length = rows.valueLength[index]!
    if (length < 0) {
      this.#known.delete(slot)
      this.#ids.remove(slot)
      return
    }
    const { record, prior, old, value, time } = decodeBuffered(rows.bytes, rows.valueAt[index]!, length)
    const valueOf = (bytes: Uint8Array | null): V | null => (bytes === null ? null : this.#decoded(bytes))
    const place = this.#placeOf(id, time)
    this.#known.add(slot)
    const values = { prior: valueOf(prior), old: valueOf(old), value: valueOf(value) }
    this.#add({ slot, id, ...place, ...values, record, bytes: undefined, size: 0, waits: true })
  }

  /** The key and time of a row: an id of its own has both in it. */
  #placeOf(id: Uint8Array, time: number): { readonly key: K; readonly time: number } {
    const serde = this.#parts.store.key
    if (this.#spec.keepsAll !== true) return { key: decoded<K>(serde, id, 0, id.length), time }
    const length = id.length - HEAD_BYTES - SEQUENCE_BYTES
    const sequence = readInt32(id, HEAD_BYTES + length)
    if (sequence > this.#sequence) this.#sequence = sequence
    return { key: decoded<K>(serde, id, HEAD_BYTES, length), time: readInt64(id, 1) }
  }

  #decoded(bytes: Uint8Array): V {
    return decoded<V>(this.#parts.store.value, bytes, 0, bytes.length)
  }
}

function compareRows(a: Row<unknown, unknown>, b: Row<unknown, unknown>): number {
  return a.time - b.time || compareBytes(a.id, b.id)
}

function inOrder<K, V>(): Heap<Row<K, V>> {
  return heap<Row<K, V>>(compareRows)
}
