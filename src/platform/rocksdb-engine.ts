/**
 * The engine on RocksDB, by `rocksdb-native`. Reads and scans run off the main thread, so they answer promises; a batch is one atomic write with
 * the write-ahead log on and not synced. The binding takes and gives one buffer a key and value; they are packed here, in both directions.
 */
import { createRequire } from 'node:module'
import { compareBytes, concatBytes } from '../base/bytes.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { Cursor, Engine, EngineOptions, KeyRange, WriteBatch } from '../state/engine.ts'
import { RowsBuilder } from '../state/rows-builder.ts'
import { databaseDamage } from './database-files.ts'
import { corrupt, cursorClosed, engineClosed, engineError, type EngineCall } from './engine-errors.ts'
import { claimDirectory } from './open-directories.ts'

/** What is used of the binding, which has no types of its own. */
interface Database {
  ready(): Promise<void>
  close(): Promise<void>
  flush(): Promise<void>
  read(options: { readonly capacity: number; readonly autoDestroy: true }): ReadBatch
  write(options: { readonly capacity: number; readonly autoDestroy: true }): Batch
  snapshot(): Database
  iterator(range: IteratorRange, options: { readonly capacity: number }): RowStream
}

interface ReadBatch {
  get(key: Uint8Array): Promise<Uint8Array | null>
  tryFlush(): void
}

interface Batch {
  tryPut(key: Uint8Array, value: Uint8Array): void
  tryDelete(key: Uint8Array): void
  tryDeleteRange(from: Uint8Array, to: Uint8Array): void
  flush(): Promise<void>
}

interface IteratorRange {
  readonly gte?: Uint8Array
  readonly lt?: Uint8Array
  readonly reverse: boolean
}

interface Row {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

interface RowStream {
  read(): Row | null
  on(event: 'readable' | 'end' | 'close' | 'error', f: (error?: unknown) => void): void
  destroy(): void
}

type Binding = new (path: string, options: Readonly<Record<string, number>>) => Database

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the package has no types; it is pinned to one version
const RocksDB = createRequire(import.meta.url)('rocksdb-native') as Binding

const MEBIBYTE = 1 << 20
/** What the binding's block cache takes, a database; it can't be changed. */
const BLOCK_CACHE = 32 * MEBIBYTE
const WRITE_BUFFERS = 2
const PAGE_ROWS = 128
const ENGINE = 'rocksdb'
const NOTHING = new Uint8Array(0)

/** Opens the database in a directory. Throws `STATE_CORRUPT`, `STATE_DIR_LOCKED`, `STATE_DIR`, `STATE_DISK`. */
export async function openRocksdb(directory: string, { bytes = 64 * MEBIBYTE }: EngineOptions = {}): Promise<Engine> {
  const release = claimDirectory(directory)
  try {
    const damage = await databaseDamage(directory, ENGINE)
    if (damage !== undefined) throw corrupt(directory, `${damage.file}: ${damage.what}`)
    const writeBufferSize = Math.floor(Math.min(16 * MEBIBYTE, Math.max(MEBIBYTE, (bytes - BLOCK_CACHE) / WRITE_BUFFERS)))
    const database = new RocksDB(directory, { writeBufferSize, maxWriteBufferNumber: WRITE_BUFFERS, tableBlockSize: 4096 })
    await database.ready()
    return new RocksdbEngine(database, { directory, release, memory: WRITE_BUFFERS * writeBufferSize + BLOCK_CACHE })
  } catch (error) {
    release()
    throw engineError(error, { engine: ENGINE, directory, doing: 'open' })
  }
}

interface Opened {
  readonly directory: string
  readonly release: () => void
  readonly memory: number
}

class RocksdbEngine implements Engine {
  readonly name = ENGINE
  readonly persistent = true
  readonly #database: Database
  readonly #opened: Opened
  readonly #cursors: Set<RocksdbCursor> = new Set()
  /** Settles when the last write has: writes are one after the other, whatever thread does them. */
  #writing: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined = undefined
  #rowsRead = 0
  #rowsWritten = 0
  #batches = 0

  constructor(database: Database, opened: Opened) {
    this.#database = database
    this.#opened = opened
  }

  async getMany(keys: PackedRows): Promise<PackedRows> {
    this.#mustBeOpen()
    const found = new RowsBuilder()
    if (keys.count === 0) return found.rows()
    const batch = this.#database.read({ capacity: keys.count, autoDestroy: true })
    const reads: Promise<Uint8Array | null>[] = []
    for (let i = 0; i < keys.count; i++) reads.push(batch.get(keyOf(keys, i)))
    batch.tryFlush()
    const values = await Promise.all(reads).catch((error: unknown) => this.#fail(error, 'read'))
    this.#rowsRead += keys.count
    for (let i = 0; i < keys.count; i++) {
      const value = values[i] ?? undefined
      found.key(keys.bytes, keys.keyAt[i]!, keys.keyLength[i]!)
      found.value(value ?? NOTHING, 0, value?.length ?? -1)
    }
    return found.rows()
  }

  cursor(range: KeyRange): Cursor {
    this.#mustBeOpen()
    const snapshot = this.#database.snapshot()
    const cursor = new RocksdbCursor(snapshot, range, {
      closed: () => this.#cursors.delete(cursor),
      fail: (error) => this.#fail(error, 'scan'),
    })
    this.#cursors.add(cursor)
    return cursor
  }

  write(batch: WriteBatch): Promise<void> {
    this.#mustBeOpen()
    const written = this.#writing.then(() => this.#write(batch))
    this.#writing = written.catch(() => undefined)
    return written
  }

  async flush(): Promise<void> {
    this.#mustBeOpen()
    await this.#writing
    await this.#database.flush().catch((error: unknown) => this.#fail(error, 'flush'))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  metrics(): Readonly<Record<string, number>> {
    return {
      rows_read: this.#rowsRead,
      rows_written: this.#rowsWritten,
      batches_written: this.#batches,
      open_cursors: this.#cursors.size,
      memory_bytes: this.#opened.memory,
    }
  }

  async #write({ rows, deleteRanges }: WriteBatch): Promise<void> {
    const ranges: { readonly from: Uint8Array; readonly to: Uint8Array }[] = []
    for (const { from, to } of deleteRanges) {
      const end = to ?? (await this.#behindLast(from))
      if (end !== undefined && compareBytes(from, end) < 0) ranges.push({ from, to: end })
    }
    if (ranges.length + rows.count === 0) return
    const batch = this.#database.write({ capacity: ranges.length + rows.count, autoDestroy: true })
    for (const { from, to } of ranges) batch.tryDeleteRange(from, to)
    for (let i = 0; i < rows.count; i++) {
      const at = rows.valueAt[i]!
      const length = rows.valueLength[i]!
      if (length < 0) batch.tryDelete(keyOf(rows, i))
      else batch.tryPut(keyOf(rows, i), rows.bytes.subarray(at, at + length))
    }
    await batch.flush().catch((error: unknown) => this.#fail(error, 'write'))
    this.#rowsWritten += rows.count
    this.#batches++
  }

  /** One behind the last key, for a range that is open upwards; undefined: there is no key from there on. */
  async #behindLast(from: Uint8Array): Promise<Uint8Array | undefined> {
    const cursor = new RocksdbCursor(
      this.#database.snapshot(),
      { from, reverse: true },
      { closed: () => undefined, fail: (error) => this.#fail(error, 'scan') },
    )
    const { count, bytes, keyAt, keyLength } = await cursor.next({ rows: 1, bytes: 1 })
    await cursor.finish()
    return count === 0 ? undefined : concatBytes(bytes.subarray(keyAt[0], keyAt[0]! + keyLength[0]!), new Uint8Array(1))
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#cursors].map((cursor) => cursor.finish()))
    await this.#writing
    try {
      await this.#database.close()
    } catch (error) {
      this.#fail(error, 'close')
    } finally {
      this.#opened.release()
    }
  }

  #mustBeOpen(): void {
    if (this.#closing !== undefined) throw engineClosed(ENGINE)
  }

  #fail(error: unknown, doing: EngineCall['doing']): never {
    throw engineError(error, { engine: ENGINE, directory: this.#opened.directory, doing })
  }
}

type PageLimit = Parameters<Cursor['next']>[0]

interface CursorOwner {
  closed(): void
  fail(error: unknown): never
}

class RocksdbCursor implements Cursor {
  readonly #snapshot: Database
  readonly #range: KeyRange
  readonly #owner: CursorOwner
  #stream: RowStream | undefined = undefined
  #paging: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined = undefined
  #ended = false
  #streamClosed = false
  #error: unknown = undefined
  /** Called when the stream has something new: rows, its end, an error, or that it was closed. */
  #wake: (() => void) | undefined = undefined

  constructor(snapshot: Database, range: KeyRange, owner: CursorOwner) {
    this.#snapshot = snapshot
    this.#range = range
    this.#owner = owner
    this.#ended = range.to !== undefined && compareBytes(range.from, range.to) >= 0
  }

  /** Pages that are asked for at once are answered one after the other. */
  next(limit: PageLimit): Promise<PackedRows> {
    const page = this.#paging.then(() => this.#page(limit))
    this.#paging = page.catch(() => undefined)
    return page
  }

  close(): void {
    this.finish().catch(() => undefined)
  }

  /** Closes it; settles when nothing of it is left. */
  finish(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #page(limit: PageLimit): Promise<PackedRows> {
    if (this.#closing !== undefined) throw cursorClosed()
    const page = new RowsBuilder()
    if (this.#ended) return page.rows()
    const stream = (this.#stream ??= this.#open(limit.rows))
    while (page.count < limit.rows && page.byteLength < limit.bytes) {
      const row = stream.read()
      if (row !== null) {
        page.key(row.key, 0, row.key.length)
        page.value(row.value, 0, row.value.length)
      } else if (this.#ended) break
      else await this.#news()
    }
    return page.rows()
  }

  #open(rows: number): RowStream {
    const { from, to, reverse = false } = this.#range
    const range = { ...(from.length > 0 && { gte: from }), ...(to !== undefined && { lt: to }), reverse }
    const stream = this.#snapshot.iterator(range, { capacity: Math.max(1, Math.min(rows, PAGE_ROWS)) })
    const wake = (): void => this.#wake?.()
    stream.on('readable', wake)
    stream.on('close', () => {
      this.#streamClosed = true
      wake()
    })
    stream.on('end', () => {
      this.#ended = true
      wake()
    })
    stream.on('error', (error) => {
      this.#error = error
      wake()
    })
    return stream
  }

  async #news(): Promise<void> {
    if (this.#error === undefined) await this.#awake()
    if (this.#closing !== undefined) throw cursorClosed()
    if (this.#error !== undefined) this.#owner.fail(this.#error)
  }

  async #close(): Promise<void> {
    this.#wake?.()
    this.#stream?.destroy()
    while (this.#stream !== undefined && !this.#streamClosed) await this.#awake()
    await this.#snapshot.close()
    this.#owner.closed()
  }

  #awake(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }
}

function keyOf(rows: PackedRows, i: number): Uint8Array {
  const at = rows.keyAt[i]!
  return rows.bytes.subarray(at, at + rows.keyLength[i]!)
}
