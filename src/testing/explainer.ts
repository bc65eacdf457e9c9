/**
 * Explains a record of a test: does again what was done until it was written, on a topology whose steps are traced. So a driver that nobody asks pays
 * nothing, and one that is asked answers without having been told before.
 */
import { assert } from '../base/errors.ts'
import type { ResolvedStore } from '../state/store-spec.ts'
import type { StreamTask } from '../task/stream-task.ts'
import type { DriverHistory, HistoryMark } from './driver-history.ts'
import { offsetOf, readLogged, type LoggedBatch } from './driver-log.ts'
import { DriverRun, type DriverRunOptions } from './driver-run.ts'
import type { Steps } from './driver-tasks.ts'
import { Explanations, type Explanation } from './explanation.ts'
import type { TestOutputRecord } from './test-topics.ts'
import { Trace, type Place } from './trace.ts'
import { tracedFace, Tracing } from './traced-operator.ts'

/** Where a record stands that was read, in which history. */
export interface ReadPlace extends Place {
  readonly history: DriverHistory
  readonly mark: HistoryMark
}

/** Explains one record. */
export class Explainer {
  readonly #place: ReadPlace
  readonly #trace: Trace = new Trace()
  readonly #tracing: Tracing
  readonly #run: DriverRun

  constructor(options: DriverRunOptions, place: ReadPlace) {
    this.#place = place
    const { topology, applicationId } = options
    this.#tracing = new Tracing(topology, this.#trace)
    this.#run = new DriverRun({
      ...options,
      topology: this.#tracing.topology(),
      onWritten: (batch, by) => this.#wrote(batch, by, applicationId),
      onStoreCall: ({ store, partition }, face, make) => {
        const passing = { key: null, value: null, timestamp: this.#run.now }
        const traced = tracedFace(face, this.#tracing.rows(topology.stores.get(store)!, partition))
        return this.#trace.during({ node: 'the test', in: passing, trigger: 'test', input: undefined }, () => make(traced))
      },
    })
  }

  /** Does again what was done. */
  *steps(): Steps {
    const { history, mark } = this.#place
    yield* this.#run.repeat(history, mark, () => this.#trace.written(this.#place) !== undefined)
    yield* this.#run.tasks.close()
  }

  /** Why the record came out, when the steps are done. */
  explanation<K, V>({ key, value, timestamp }: TestOutputRecord<K, V>): Explanation<K | null, V | null> {
    const { topic, partition, offset } = this.#place
    assert(this.#trace.written(this.#place) !== undefined, `nobody has written ${topic}[${partition}]@${offset}`)
    return new Explanations(this.#trace).ofRecord({ topic, partition, offset, key, value, timestamp })
  }

  #wrote(batch: LoggedBatch, by: StreamTask, applicationId: string): void {
    const { tp } = batch
    const store = storeOf(by, tp.topic, applicationId)
    const key = store === undefined ? null : readLogged(batch).key
    const row = store === undefined || key === null ? undefined : this.#tracing.rows(store, by.partition).changed(key)
    this.#trace.wrote({ ...tp, offset: offsetOf(batch) }, by.record, row)
  }
}

/** The store whose changelog a topic is. */
function storeOf({ subtopology }: StreamTask, topic: string, applicationId: string): ResolvedStore | undefined {
  return subtopology.stores.find(({ changelog }) => changelog?.source === false && `${applicationId}-${changelog.topic}` === topic)
}
