/**
 * Hot path. The partitions that a task reads, and which of them is next: the one whose head has the lowest time; ties go by topic name, then partition.
 * An empty partition that may still hold an earlier record holds the others back, and so does one that can't be read on.
 */
import type { TopicPartition } from '../model/topic.ts'
import type { Emit } from '../topology/operator.ts'
import type { RecordQueue } from './record-queue.ts'

/** A partition with the steps that its records go through. */
export interface Input {
  readonly queue: RecordQueue
  readonly head: Emit<unknown, unknown>
  /** The run of columns whose keys the stores were asked to read. */
  prefetched: number
}

/** The inputs of one task, in order of topic name and partition. */
export class TaskInputs {
  readonly all: Input[] = []
  readonly #caughtUp: (tp: TopicPartition) => boolean
  /** The partition that can't be read on. */
  #broken: RecordQueue | undefined = undefined

  /** `caughtUp` answers whether everything written to a partition so far has been added to its queue. */
  constructor(caughtUp: (tp: TopicPartition) => boolean) {
    this.#caughtUp = caughtUp
  }

  /** Adds a partition. */
  add(queue: RecordQueue, head: Input['head']): void {
    this.all.push({ queue, head, prefetched: 0 })
    this.all.sort((a, b) => compareText(a.queue.tp.topic, b.queue.tp.topic) || a.queue.tp.partition - b.queue.tp.partition)
  }

  /** The queue of a partition. */
  of({ topic, partition }: TopicPartition): RecordQueue | undefined {
    return this.all.find(({ queue }) => queue.tp.topic === topic && queue.tp.partition === partition)?.queue
  }

  /** The input whose head is first; undefined when none has one, or when an empty one isn't known to be caught up, or can't be read on. */
  first(): Input | undefined {
    let first: Input | undefined
    for (const input of this.all) {
      const time = input.queue.headTimestamp
      if (input.queue.rows === undefined) {
        if (input.queue.readError !== undefined || !this.#caughtUp(input.queue.tp)) return undefined
      } else if (first === undefined || time < first.queue.headTimestamp) first = input
    }
    return first
  }

  /** The least head timestamp of the other inputs: below it the chosen one stays first. */
  secondTime(chosen: Input): number {
    let least = Number.POSITIVE_INFINITY
    for (const { queue } of this.all) {
      if (queue !== chosen.queue && queue.headTimestamp < least) least = queue.headTimestamp
    }
    // An empty partition can get a record at any time: one record, then look again.
    return this.all.length > 1 &&
      least === Number.POSITIVE_INFINITY &&
      this.all.some(({ queue }) => queue !== chosen.queue && !this.#caughtUp(queue.tp))
      ? Number.NEGATIVE_INFINITY
      : least
  }

  /** True: a partition can't be read on, so everything before should be committed. Throws why, when that was said and nothing was `done` since. */
  wantCommit(done: number): boolean {
    const broken = this.all.find(({ queue }) => queue.readError !== undefined)?.queue
    if (broken === undefined) return false
    if (done === 0 && this.#broken === broken) throw broken.readError
    this.#broken = broken
    return true
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
