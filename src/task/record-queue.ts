/**
 * Hot path. The records of one source partition that wait for their task: fetched batches, read as columns, one record at a time at the head.
 * It knows the head's timestamp (by the source's policy), which is all the task needs to take records in order of time over its partitions.
 * Records below the position are skipped: a fetched batch may begin before the offset that was asked for.
 */
import { deepFrozen } from '../base/deep-frozen.ts'
import { ClusterError, SerdeError } from '../base/errors.ts'
import type { AnySerde } from '../model/serde.ts'
import { decodeHeaders, noHeaders } from '../model/headers.ts'
import { isTime, NO_SOURCE_KEY, type CurrentRecord } from '../model/record.ts'
import type { TopicPartition } from '../model/topic.ts'
import type { SourceNode, TimestampExtractor } from '../topology/node.ts'
import { BatchReader, readHeader, type RecordColumns } from '../wire/batch-reader.ts'

/** Whole batches of one partition, `bytes[from, to)`; `release` gives the buffer back. */
export interface Chunk {
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
  /** Where reading begins in it; where the chunk before ended, when not given. Lower: the log is another one from there on. */
  readonly startOffset?: number
  release(): void
}

/** What a queue needs of its task. */
export interface QueueTask {
  readonly record: CurrentRecord
  readonly now: () => number
  /** The next offset to process. */
  readonly position: number
  /** True: what is read of topics outside the application is frozen, so that a step that changes it is found out. */
  readonly frozen?: boolean
}

/** How to read one side of a record out of a larger buffer. */
type ReadFace = (bytes: Uint8Array, at: number, length: number) => unknown

/** The waiting records of one partition. The fields are read by the task's loop. */
export class RecordQueue {
  readonly tp: TopicPartition
  readonly source: SourceNode
  /** Timestamp of the head by the source's policy, in ms; Infinity: no head. */
  headTimestamp: number = Number.POSITIVE_INFINITY
  /** Why what comes next can't be read; everything before it was handed out. Undefined: it can. */
  readError: unknown = undefined
  /** What the source's timestamp function did wrong with the head, whose timestamp is then −1; undefined: nothing. */
  timeError: unknown = undefined
  /** Columns and index of the head. */
  rows: RecordColumns | undefined = undefined
  index = 0
  /** Greatest timestamp of the records that were taken, in ms, the head's not among them; −1 before any. It is committed with the position. */
  partitionTime = -1
  /** Records that wait. */
  buffered = 0
  /** How many runs of columns have been at the head: `rows` is filled again for each. */
  runs = 0

  readonly #record: CurrentRecord
  readonly #now: () => number
  readonly #reader: BatchReader
  readonly #where: string
  readonly #chunks: Chunk[] = []
  readonly #readKey: ReadFace
  readonly #readValue: ReadFace
  #at = 0
  /** One behind the open batch; −1: none is open. */
  #batchEnd = -1
  #position: number

  constructor(tp: TopicPartition, source: SourceNode, task: QueueTask) {
    this.tp = tp
    this.source = source
    this.#record = task.record
    this.#now = task.now
    this.#position = task.position
    this.#where = `${tp.topic}[${tp.partition}]`
    this.#reader = new BatchReader({ hashKeys: true })
    const face = (side: 'key' | 'value'): ReadFace => {
      const read = readFace(source[side], tp.topic, side, task.record)
      return task.frozen === true && !source.internal ? (bytes, at, length) => deepFrozen(read(bytes, at, length)) : read
    }
    this.#readKey = face('key')
    this.#readValue = face('value')
  }

  /** Adds fetched batches behind what waits. */
  add(chunk: Chunk): void {
    this.#chunks.push(chunk)
    if (this.#chunks.length === 1) this.#begin(chunk)
    if (this.rows === undefined && this.readError === undefined) this.#nextRun()
  }

  /** Offset of the next record to process: the head's, else one behind the last batch taken. */
  get position(): number {
    return this.rows === undefined ? this.#position : offsetAt(this.rows, this.index)
  }

  /** Chunks that aren't used up; the fetcher is asked for more when they are few. */
  get chunks(): number {
    return this.#chunks.length
  }

  /** Points the task's record at the head. */
  load(): void {
    const rows = this.rows!
    const index = this.index
    const record = this.#record
    record.topic = this.tp.topic
    record.partition = this.tp.partition
    record.offset = offsetAt(rows, index)
    record.timestamp = this.headTimestamp
    record.rows = rows
    record.index = index
    record.keyHash = rows.keyHash[index]!
    record.rawReleased = false
    const at = rows.headersAt[index]!
    record.lazyHeaders = at < 0 ? noHeaders : headersAt(rows, at, rows.headersLength[index]!)
  }

  /** Decodes the head's key. Throws what the serde throws. */
  readKey(): unknown {
    const rows = this.rows!
    const length = rows.keyLength[this.index]!
    return length < 0 ? null : this.#readKey(rows.bytes, rows.keyAt[this.index]!, length)
  }

  /** Decodes the head's value. Throws what the serde throws. */
  readValue(): unknown {
    const rows = this.rows!
    const length = rows.valueLength[this.index]!
    return length < 0 ? null : this.#readValue(rows.bytes, rows.valueAt[this.index]!, length)
  }

  /** Goes on to the next record. */
  advance(): void {
    if (this.headTimestamp > this.partitionTime) this.partitionTime = this.headTimestamp
    this.index++
    this.buffered--
    if (this.index < this.rows!.count) this.#settle()
    else this.#nextRun()
  }

  /** Drops all that waits and goes on at that offset. */
  seek(offset: number): void {
    for (const chunk of this.#chunks) chunk.release()
    this.#chunks.length = 0
    this.rows = undefined
    this.headTimestamp = Number.POSITIVE_INFINITY
    this.buffered = 0
    this.#batchEnd = -1
    this.readError = undefined
    this.#position = offset
  }

  /** Goes on with the next run of columns. Bytes that can't be read are reported when they come first, not before. */
  #nextRun(): void {
    this.rows = undefined
    this.headTimestamp = Number.POSITIVE_INFINITY
    try {
      this.#findRun()
    } catch (error) {
      this.readError = located(error, this.tp)
    }
  }

  #findRun(): void {
    for (let rows = this.#read(); rows !== undefined; rows = this.#read()) {
      let index = 0
      while (index < rows.count && offsetAt(rows, index) < this.#position) index++
      if (index === rows.count) continue
      this.rows = rows
      this.runs++
      this.index = index
      this.buffered = rows.count - index
      this.#position = offsetAt(rows, rows.count - 1) + 1
      this.#settle()
      return
    }
  }

  /** The next run of columns: of the open batch, else of the next one. */
  #read(): RecordColumns | undefined {
    for (;;) {
      const rows = this.#batchEnd < 0 ? undefined : this.#reader.next()
      if (rows !== undefined) return rows
      if (this.#batchEnd > this.#position) this.#position = this.#batchEnd
      this.#batchEnd = -1
      if (!this.#openBatch()) return undefined
    }
  }

  #openBatch(): boolean {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const header = this.#at < chunk.to ? readHeader(chunk.bytes, this.#at, chunk.to) : undefined
      if (header !== undefined) {
        this.#at += header.length
        if (header.nextOffset <= this.#position) continue
        this.#reader.open(chunk.bytes, header, this.#where)
        this.#batchEnd = header.nextOffset
        return true
      }
      chunk.release()
      this.#chunks.shift()
      this.#begin(this.#chunks[0])
    }
    return false
  }

  #begin(chunk: Chunk | undefined): void {
    if (chunk === undefined) return
    this.#at = chunk.from
    if (chunk.startOffset !== undefined && chunk.startOffset < this.#position) this.#position = chunk.startOffset
  }

  /** Works out the head's timestamp by the source's policy. */
  #settle(): void {
    const rows = this.rows!
    let timestamp = rows.baseTimestamp + rows.timestampDelta[this.index]!
    const policy = this.source.timestamp
    if (policy === 'wall-clock') timestamp = this.#now()
    else if (policy === 'partition-time') timestamp = timestamp < 0 ? this.partitionTime : timestamp
    else if (typeof policy === 'function') timestamp = this.#extracted(policy, timestamp)
    this.headTimestamp = timestamp
  }

  /** Asks the user's function. A record that can't be read keeps its own time: reading it again reports why. */
  #extracted(policy: TimestampExtractor, timestamp: number): number {
    this.timeError = undefined
    this.headTimestamp = timestamp
    this.load()
    this.#record.sourceKey = NO_SOURCE_KEY
    let key: unknown
    let value: unknown
    try {
      key = this.readKey()
      value = this.readValue()
    } catch {
      return timestamp
    }
    try {
      const chosen: unknown = policy(value, key, this.#record, this.partitionTime)
      if (isTime(chosen)) return chosen
      this.timeError = new SerdeError(
        'TIMESTAMP_INVALID',
        `the source's timestamp function answered ${typeof chosen === 'bigint' ? `${chosen}n` : String(chosen)}: give whole milliseconds since the epoch, or a negative number to drop the record`,
        { phase: 'deserialization' },
      )
    } catch (error) {
      this.timeError = error
    }
    return -1
  }
}

/** In a function of its own: one that makes closures allocates their context at each call, 56 bytes, whether it makes them or not. */
function headersAt({ bytes }: RecordColumns, at: number, length: number): CurrentRecord['lazyHeaders'] {
  return () => decodeHeaders(bytes, at, length)
}

/** A header that can't be read doesn't know whose it is. */
function located(error: unknown, { topic, partition }: TopicPartition): unknown {
  if (!(error instanceof ClusterError)) return error
  const message = error.message.startsWith('@') ? `${topic}[${partition}]${error.message}` : error.message
  return new ClusterError(error.code, message, { cause: error, context: { ...error.context, topic, partition } })
}

function offsetAt(rows: RecordColumns, index: number): number {
  return rows.baseOffset + (rows.offsetDelta === undefined ? index : rows.offsetDelta[index]!)
}

function readFace(serde: AnySerde, topic: string, side: 'key' | 'value', record: CurrentRecord): ReadFace {
  if (serde.read !== undefined) return (bytes, at, length) => serde.read!(bytes, at, length)
  const context = {
    topic,
    side,
    get headers(): CurrentRecord['headers'] {
      return record.headers
    },
  }
  return (bytes, at, length) => serde.deserialize(bytes.subarray(at, at + length), context)
}
