/**
 * Records that never reach a step: bytes that their serde refuses, times that are none. They fail at their source, in the phase of deserialization, and
 * `onError` decides about them as about any other; read once more, a record that turns out right goes through its steps.
 */
import type { Phase } from '../base/errors.ts'
import { NO_SOURCE_KEY, type CurrentRecord } from '../model/record.ts'
import type { DropReason, NodeName } from '../topology/operator.ts'
import { failed, negativeTime, undecodable, type FailureContext } from './failure.ts'
import type { Input } from './inputs.ts'
import type { RecordQueue } from './record-queue.ts'

/** The task that reads them. */
export interface ReadingTask {
  readonly record: CurrentRecord
  readonly failures: FailureContext
  /** Says what the task is doing. */
  enter(phase: Phase): void
  drop(reason: DropReason, node: NodeName): void
}

/** The records of a task that can't be processed as they are. */
export class UnfitRecords {
  readonly #task: ReadingTask

  constructor(task: ReadingTask) {
    this.#task = task
  }

  /** The head of an input, which its serde refused. */
  undecodable(error: unknown, input: Input): void | Promise<void> {
    return this.#unfit(undecodable(error), input.queue, () => this.#again(input))
  }

  /** The head of a queue, whose time is negative or can't be told. */
  badTime(queue: RecordQueue): void | Promise<void> {
    const { record } = this.#task
    const { name, timestamp: policy } = queue.source
    record.sourceKey = NO_SOURCE_KEY
    record.sourceValue = NO_SOURCE_KEY
    if (queue.timeError !== undefined) return this.#refuse(queue.timeError, queue)
    if (policy !== 'fail') {
      this.#task.drop('negative_timestamp', name)
      return undefined
    }
    return this.#refuse(negativeTime(record.timestamp), queue)
  }

  #unfit(error: unknown, { source }: RecordQueue, again: () => void | Promise<void>): void | Promise<void> {
    const { record, failures } = this.#task
    record.sourceKey = NO_SOURCE_KEY
    record.sourceValue = NO_SOURCE_KEY
    this.#task.enter('deserialization')
    try {
      return failed(error, source, failures, again)
    } finally {
      this.#task.enter('processing')
    }
  }

  /** Reads the record that couldn't be read once more. */
  #again({ queue, head }: Input): void | Promise<void> {
    const { record } = this.#task
    let key: unknown
    let value: unknown
    try {
      key = queue.readKey()
      value = queue.readValue()
    } catch (error) {
      this.#task.enter('deserialization')
      throw undecodable(error)
    }
    this.#task.enter('processing')
    record.sourceKey = key
    record.sourceValue = value
    return head(key, value, record)
  }

  /** A record whose time can't be told fails again, however often it is tried. */
  #refuse(refused: unknown, queue: RecordQueue): void | Promise<void> {
    return this.#unfit(refused, queue, () => {
      throw refused
    })
  }
}
