/**
 * What happened while a topology ran: which step called which, with what, what each read and wrote in stores, who wrote the row that was read, and which
 * step caused each record that was written. Steps are nested calls, also where one waits, because one record runs through all steps before the next one
 * starts. Values are copied when they are seen, for live ones are overwritten.
 */
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import type { CurrentRecord, RecordContext } from '../model/record.ts'
import type { NodeName } from '../topology/operator.ts'
import { kept } from './kept.ts'

/** Key, value and time of a record somewhere on its way. */
export interface Passing {
  readonly key: unknown
  /** A change with `value`, `old` and `latest` below a table. */
  readonly value: unknown
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

/** A record and where it stands. */
export interface Placed extends Passing, TopicPartition {
  readonly offset: number
}

/** What made a step run: a record, a time, a commit, or the test itself. */
export type Trigger = 'record' | 'stream-time' | 'wall-clock' | 'commit' | 'test'

/** What was found in a row, or put there. */
export interface Access {
  readonly store: string
  readonly key: unknown
  /** Undefined: nothing was there; null: it was deleted. */
  readonly value: unknown
  /** Which row of which task it is. */
  readonly id: string
  /** Of a read: who wrote the row. */
  readonly writer: Writing | undefined
  /** True: the row left with this read, so it is behind what is handed on next, and nothing after that. */
  readonly leaves: boolean
}

/** Who wrote a row, and when. */
export interface Writing {
  readonly by: Moment
  readonly access: Access
}

/** A point in a step's call: how many of its reads and writes were before. */
export interface Moment {
  readonly frame: Frame
  readonly reads: number
  readonly writes: number
}

/** One call of one step. */
export interface Frame {
  readonly node: NodeName
  readonly in: Passing
  /** The step that called it, and when; undefined: what `trigger` says. */
  readonly parent: Moment | undefined
  readonly trigger: Trigger
  /** What the task took from its queue; undefined where that was no record. */
  readonly input: Placed | undefined
  readonly reads: Access[]
  readonly writes: Access[]
  /** Ids of the rows that it has read or written. */
  readonly rows: Set<string>
  /** What it handed on last. */
  out: Passing | undefined
}

/** A call of a step before it is made. */
export type Call = Pick<Frame, 'node' | 'in' | 'trigger' | 'input'>

/** A row of a store of a task. */
export type Row = Pick<Access, 'store' | 'key' | 'id'>

/** A place in a topic. */
export type Place = TopicPartition & { readonly offset: number }

/** How a record came to be written. */
export interface Written {
  readonly trigger: Trigger
  /** The step that wrote it, or whose row it is, and when; undefined: a source's records go to the topic as they are. */
  readonly by: Moment | undefined
  /** What that step handed on; undefined: it is a row's change. */
  readonly out: Passing | undefined
  readonly input: Placed | undefined
}

/** What is known of a run. */
export class Trace {
  /** The step that runs. */
  #frame: Frame | undefined = undefined
  readonly #writers: Map<string, Writing> = new Map()
  readonly #written: Map<string, Written> = new Map()
  readonly #order: Map<string, number> = new Map()

  /** Notes what a step is called with while `call` runs, and what that waits for. */
  during<T>(frame: Call, call: () => T): T {
    const before = this.#frame
    this.#frame = {
      ...frame,
      parent: before === undefined ? undefined : momentOf(before),
      reads: [],
      writes: [],
      rows: new Set(),
      out: undefined,
    }
    const end = (): void => {
      this.#frame = before
    }
    let waiting = false
    try {
      const answer = call()
      if (!(answer instanceof Promise)) return answer
      waiting = true
      return ended(answer, end)
    } finally {
      if (!waiting) end()
    }
  }

  /** The frame of a step that a record reaches: its first one has what the task took from its queue. */
  arriving(node: NodeName, key: unknown, value: unknown, record: RecordContext): Call {
    const passing = passingOf(key, value, record.timestamp)
    const parent = this.#frame
    if (parent !== undefined) return { node, in: passing, trigger: parent.trigger, input: parent.input }
    const { topic, partition, offset } = record
    return { node, in: passing, trigger: 'record', input: this.#taken({ topic, partition, offset, ...passing }) }
  }

  /** Which record was taken first. */
  order(input: Place): number {
    return this.#order.get(placeKey(input)) ?? 0
  }

  /** The step that runs hands something on. */
  emits(key: unknown, value: unknown, timestamp: number): void {
    if (this.#frame !== undefined) this.#frame.out = passingOf(key, value, timestamp)
  }

  /** The step that runs has found this in a row, which may leave with that. What it wrote itself, or knows already, is no news. */
  reads(row: Row, value: unknown, leaves = false): void {
    const frame = this.#frame
    if (frame === undefined || frame.rows.has(row.id)) return
    frame.rows.add(row.id)
    frame.reads.push({ ...row, value: kept(value), writer: this.#writers.get(row.id), leaves })
  }

  /** The step that runs puts this into a row. */
  writes(row: Row, value: unknown): void {
    const frame = this.#frame
    if (frame === undefined) return
    const access = { ...row, value: kept(value), writer: undefined, leaves: false }
    frame.rows.add(row.id)
    frame.writes.push(access)
    const by = momentOf(frame)
    this.#writers.set(row.id, { by, access })
  }

  /** A task has written a record; `record` is what it has in hand, `changed` the row whose change it is, if it is one. */
  wrote(at: Place, record: CurrentRecord, changed: string | undefined): void {
    const frame = this.#frame
    if (frame !== undefined) {
      const { trigger, input, out } = frame
      this.#written.set(placeKey(at), { trigger, by: momentOf(frame), input, out: changed === undefined ? out : undefined })
      return
    }
    const by = changed === undefined ? undefined : this.#writers.get(changed)?.by
    if (changed !== undefined) {
      this.#written.set(placeKey(at), { trigger: 'commit', by, input: by?.frame.input, out: undefined })
      return
    }
    const { topic, partition, offset, timestamp, sourceKey, sourceValue } = record
    const out = passingOf(sourceKey, sourceValue, timestamp)
    this.#written.set(placeKey(at), { trigger: 'record', by: undefined, out, input: this.#taken({ topic, partition, offset, ...out }) })
  }

  /** Who wrote a record; undefined: the test did. */
  written(at: Place): Written | undefined {
    return this.#written.get(placeKey(at))
  }

  #taken(input: Placed): Placed {
    const key = placeKey(input)
    if (!this.#order.has(key)) this.#order.set(key, this.#order.size)
    return input
  }
}

/** One text for a place in a topic. */
export function placeKey(at: Place): string {
  return `${partitionKey(at)}@${at.offset}`
}

function momentOf(frame: Frame): Moment {
  return { frame, reads: frame.reads.length, writes: frame.writes.length }
}

function passingOf(key: unknown, value: unknown, timestamp: number): Passing {
  return { key: kept(key), value: kept(value), timestamp }
}

/** Sound because it settles as the given promise does, with its own value. */
function ended<T>(answer: T & Promise<unknown>, end: () => void): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return answer.finally(end) as T & Promise<unknown>
}
