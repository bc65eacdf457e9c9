/**
 * The engine on LevelDB, by `classic-level`: for platforms where RocksDB's binary doesn't load. Point reads answer at once; scans and writes
 * are promises. LevelDB has no range delete, so a batch with ranges first looks up the keys in them and deletes those, in the same batch.
 */
import { ClassicLevel, type Iterator } from 'classic-level'
import { compareBytes } from '../base/bytes.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { Cursor, Engine, EngineOptions, KeyRange, WriteBatch } from '../state/engine.ts'
import { RowsBuilder } from '../state/rows-builder.ts'
import { databaseDamage } from './database-files.ts'
import { corrupt, cursorClosed, engineClosed, engineError, type EngineCall } from './engine-errors.ts'
import { claimDirectory } from './open-directories.ts'

type Database = ClassicLevel<Uint8Array, Uint8Array>

const MEBIBYTE = 1 << 20
const ENGINE = 'level'
const NOTHING = new Uint8Array(0)
const PAGE_BYTES = 1 << 18
const PAGE_ROWS = 1000
/** Behind every key of a store. */
const LAST_KEY = new Uint8Array(16).fill(0xff)

/** Opens the database in a directory. Throws `STATE_CORRUPT`, `STATE_DIR_LOCKED`, `STATE_DIR`, `STATE_DISK`. */
export async function openLevel(directory: string, { bytes = 64 * MEBIBYTE }: EngineOptions = {}): Promise<Engine> {
  const release = claimDirectory(directory)
  try {
    const damage = await databaseDamage(directory, ENGINE)
    if (damage !== undefined) throw corrupt(directory, `${damage.file}: ${damage.what}`)
    const writeBufferSize = Math.floor(Math.min(16 * MEBIBYTE, Math.max(MEBIBYTE, bytes / 4)))
    const database: Database = new ClassicLevel(directory, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      // Blocks are checked against their checksums before opening, which a compressed index would not allow.
      compression: false,
      cacheSize: Math.floor(Math.max(MEBIBYTE, bytes - 2 * writeBufferSize)),
      writeBufferSize,
    })
    await database.open()
    return new LevelEngine(database, directory, release)
  } catch (error) {
    release()
    throw engineError(error, { engine: ENGINE, directory, doing: 'open' })
  }
}

class LevelEngine implements Engine {
  readonly name = ENGINE
  readonly persistent = true
  readonly #database: Database
  readonly #directory: string
  readonly #release: () => void
  readonly #cursors: Set<LevelCursor> = new Set()
  /** Settles when the last write has: writes are one after the other, whatever thread does them. */
  #writing: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined = undefined
  #rowsRead = 0
  #rowsWritten = 0
  #batches = 0

  constructor(database: Database, directory: string, release: () => void) {
    this.#database = database
    this.#directory = directory
    this.#release = release
  }

  getMany(keys: PackedRows): PackedRows {
    this.#mustBeOpen()
    const found = new RowsBuilder()
    try {
      for (let i = 0; i < keys.count; i++) {
        const at = keys.keyAt[i]!
        const length = keys.keyLength[i]!
        const value = this.#database.getSync(keys.bytes.subarray(at, at + length))
        found.key(keys.bytes, at, length)
        found.value(value ?? NOTHING, 0, value?.length ?? -1)
      }
    } catch (error) {
      this.#fail(error, 'read')
    }
    this.#rowsRead += keys.count
    return found.rows()
  }

  cursor(range: KeyRange): Cursor {
    this.#mustBeOpen()
    const cursor = new LevelCursor(this.#database, range, {
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

  /** LevelDB syncs a table when it makes one of its log; asking it to compact where no key is makes it do that and nothing else. */
  async flush(): Promise<void> {
    this.#mustBeOpen()
    await this.#writing
    await this.#database.compactRange(LAST_KEY, LAST_KEY).catch((error: unknown) => this.#fail(error, 'flush'))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  metrics(): Readonly<Record<string, number>> {
    const memory = this.#closing === undefined ? Number(this.#database.getProperty('leveldb.approximate-memory-usage')) : 0
    return {
      rows_read: this.#rowsRead,
      rows_written: this.#rowsWritten,
      batches_written: this.#batches,
      open_cursors: this.#cursors.size,
      memory_bytes: memory,
    }
  }

  async #write({ rows, deleteRanges }: WriteBatch): Promise<void> {
    if (deleteRanges.length + rows.count === 0) return
    const batch = this.#database.batch()
    try {
      for (const { from, to } of deleteRanges) {
        if (to !== undefined && compareBytes(from, to) >= 0) continue
        for await (const key of this.#database.keys<Uint8Array>(bounds({ from, to }))) batch.del(key)
      }
      for (let i = 0; i < rows.count; i++) {
        const key = rows.bytes.subarray(rows.keyAt[i], rows.keyAt[i]! + rows.keyLength[i]!)
        const length = rows.valueLength[i]!
        if (length < 0) batch.del(key)
        else batch.put(key, rows.bytes.subarray(rows.valueAt[i], rows.valueAt[i]! + length))
      }
      await batch.write()
    } catch (error) {
      await batch.close()
      this.#fail(error, 'write')
    }
    this.#rowsWritten += rows.count
    this.#batches++
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#cursors].map((cursor) => cursor.finish()))
    await this.#writing
    try {
      await this.#database.close()
    } catch (error) {
      this.#fail(error, 'close')
    } finally {
      this.#release()
    }
  }

  #mustBeOpen(): void {
    if (this.#closing !== undefined) throw engineClosed(ENGINE)
  }

  #fail(error: unknown, doing: EngineCall['doing']): never {
    throw engineError(error, { engine: ENGINE, directory: this.#directory, doing })
  }
}

type PageLimit = Parameters<Cursor['next']>[0]

interface CursorOwner {
  closed(): void
  fail(error: unknown): never
}

class LevelCursor implements Cursor {
  readonly #rows: Iterator<Database, Uint8Array, Uint8Array> | undefined
  readonly #owner: CursorOwner
  /** Rows that the binding answered and no page has taken yet. */
  #waiting: [Uint8Array, Uint8Array][] = []
  #at = 0
  #reading: Promise<unknown> | undefined = undefined
  #paging: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined = undefined

  constructor(database: Database, range: KeyRange, owner: CursorOwner) {
    const isEmpty = range.to !== undefined && compareBytes(range.from, range.to) >= 0
    // The binding's iterator takes its snapshot when it is made.
    this.#rows = isEmpty ? undefined : database.iterator<Uint8Array, Uint8Array>({ ...bounds(range), highWaterMarkBytes: PAGE_BYTES })
    this.#owner = owner
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
    while (page.count < limit.rows && page.byteLength < limit.bytes) {
      if (this.#at === this.#waiting.length && !(await this.#more(limit.rows - page.count))) break
      const [key, value] = this.#waiting[this.#at++]!
      page.key(key, 0, key.length)
      page.value(value, 0, value.length)
    }
    return page.rows()
  }

  /** Takes more rows from the binding; false at the end. */
  async #more(rows: number): Promise<boolean> {
    if (this.#rows === undefined) return false
    const reading = this.#rows.nextv(Math.min(rows, PAGE_ROWS))
    this.#reading = reading
    try {
      this.#waiting = await reading
    } catch (error) {
      if (this.#closing !== undefined) throw cursorClosed()
      this.#owner.fail(error)
    }
    if (this.#closing !== undefined) throw cursorClosed()
    this.#at = 0
    return this.#waiting.length > 0
  }

  async #close(): Promise<void> {
    this.#waiting = []
    this.#at = 0
    await this.#reading?.catch(() => undefined)
    await this.#rows?.close()
    this.#owner.closed()
  }
}

/** A range as the binding takes it, which doesn't know an empty key as a bound. */
function bounds({
  from,
  to,
  reverse = false,
}: {
  readonly from: Uint8Array
  readonly to?: Uint8Array | undefined
  readonly reverse?: boolean
}): {
  gte?: Uint8Array
  lt?: Uint8Array
  reverse: boolean
} {
  return { ...(from.length > 0 && { gte: from }), ...(to !== undefined && { lt: to }), reverse }
}
