/**
 * Starts one operator in the context that tasks give, and records what it hands on. Records, punctuations, headers and times are those of a
 * real task; only what stands below the step is a list. Stores come from `operator-state.ts`.
 */
import { chain } from '../../src/base/maybe-promise.ts'
import { noHeaders, type Headers } from '../../src/model/headers.ts'
import { CurrentRecord, NO_SOURCE_KEY } from '../../src/model/record.ts'
import type { ResolvedStore } from '../../src/state/store-spec.ts'
import { makeContext, type ContextTask } from '../../src/task/operator-context.ts'
import { firstDue, Punctuations } from '../../src/task/punctuation.ts'
import type { ProcessorNode } from '../../src/topology/node.ts'
import { fanOut, type AnyOperator, type DropReason, type Emit, type Operator, type Silence } from '../../src/topology/operator.ts'
import { Topology } from '../../src/topology/topology.ts'
import { untyped } from './untyped.ts'

/** One record on its way in. */
export interface Sent<K, V> {
  readonly key: K
  readonly value: V
  /** 0 when left out. */
  readonly timestamp?: number
  readonly headers?: Headers
  /** `in` when left out. */
  readonly topic?: string
}

/** One record that came out, as it was when it did. */
export interface Emitted<K, V> {
  /** The step below that it was handed to. */
  readonly child: string
  readonly key: K
  readonly value: V
  readonly timestamp: number
  readonly headers: Headers
  readonly topic: string
  readonly offset: number
}

/** How an operator is started. */
export interface HarnessOptions {
  readonly parity?: boolean
  readonly scanIntervalMs?: number
  /** Times that were kept with the committed positions. */
  readonly times?: Map<string, number>
  /** For how long nothing has come, as the task would say; something waits when left out. */
  readonly silence?: () => Silence | undefined
  readonly sendsOldValues?: boolean
  /** The bound of the task's caches, in bytes; 0 when left out. */
  readonly cacheBytes?: number
  /** The steps below; one, `below`, when left out. */
  readonly children?: readonly string[]
  /** What a step below does with a record besides noting it: throw, or answer a promise to be waited for. */
  readonly below?: (key: unknown, value: unknown, child: string) => void | Promise<void>
  /** The operator's stores; those that are missing here don't exist. */
  readonly stores?: readonly ResolvedStore[]
  readonly state?: (record: CurrentRecord) => ContextTask['state']
}

/** An operator that runs. */
export class OperatorHarness<K, V, KOut, VOut> {
  readonly outputs: Emitted<KOut, VOut>[] = []
  readonly dropped: Map<DropReason, number> = new Map()
  readonly printed: string[] = []
  readonly record: CurrentRecord = new CurrentRecord()
  /** The wall clock, in ms. */
  now = 0
  /** Times that the operator lets keep, by name. */
  readonly kept: Map<string, () => number> = new Map()
  readonly #task: ContextTask
  readonly #emit: Emit<K, V>
  readonly #streamTime: Punctuations = new Punctuations()
  readonly #wallClock: Punctuations = new Punctuations()
  readonly #closers: (() => void)[] = []
  #offset = 0

  constructor(operator: Operator<K, V, KOut, VOut>, options: HarnessOptions) {
    const stores = options.stores ?? []
    const node = nodeOf(operator, options)
    const topology = new Topology({
      nodes: [],
      stores,
      storeNames: new Map(stores.map(({ spec, name }) => [spec, name])),
      repartitionTopics: [],
      parity: options.parity ?? false,
    })
    this.#task = this.#makeTask(options)
    const children = new Map((options.children ?? ['below']).map((name) => [name, this.#child(name, options.below)]))
    const context = makeContext({
      node,
      children,
      shared: new Map(),
      task: this.#task,
      topology,
      globals: undefined,
      applicationId: 'test',
      cacheBytes: options.cacheBytes ?? 0,
      scanIntervalMs: options.scanIntervalMs ?? 0,
      ports: {
        now: () => this.now,
        print: (line) => this.printed.push(line),
        after: () => () => undefined,
        pause: () => undefined,
        random: () => 0.5,
      },
      // One record at a time: what is deferred ends before the next one.
      defer: (result, resume) => chain(result, resume),
      onClose: (f) => this.#closers.push(f),
    })
    this.#emit = operator.start(fanOut([...children.values()]), context)
  }

  get commitRequested(): boolean {
    return this.#task.commitRequested
  }

  /** Hands the operator a record; answers what it answers. */
  send(sent: Sent<K, V>): void | Promise<void> {
    const { record } = this
    record.topic = sent.topic ?? 'in'
    record.partition = 0
    record.offset = this.#offset++
    record.timestamp = sent.timestamp ?? 0
    record.lazyHeaders = sent.headers ?? noHeaders
    record.sourceKey = NO_SOURCE_KEY
    streamTimeOf(this.#task, record.timestamp)
    return this.#emit(sent.key, sent.value, record)
  }

  /** Runs what is due by stream time and by the wall clock. */
  async punctuate(): Promise<void> {
    const { streamTime } = this.#task
    if (streamTime >= 0) await this.#run(this.#streamTime, streamTime)
    await this.#run(this.#wallClock, this.now)
  }

  /** What came out since the last call. */
  take(): Emitted<KOut, VOut>[] {
    return this.outputs.splice(0)
  }

  close(): void {
    for (const closer of this.#closers) closer()
  }

  #makeTask({ state, silence, times = new Map() }: HarnessOptions): ContextTask {
    const { record, dropped } = this
    return {
      id: '0_0',
      record,
      state: state?.(record) ?? untyped({}),
      streamTime: -1,
      commitRequested: false,
      steps: {
        times,
        keep: (name, time) => {
          this.kept.set(name, () => time.read())
          const before = times.get(name)
          if (before !== undefined) time.resume(before)
        },
        listen: () => silence ?? (() => undefined),
      },
      schedule: (when, f, node) => {
        const streamTime = when.by === 'stream-time'
        const first = firstDue(when, streamTime ? this.#task.streamTime : this.now, node)
        return (streamTime ? this.#streamTime : this.#wallClock).add(first, when.every, f)
      },
      drop: (reason) => {
        dropped.set(reason, (dropped.get(reason) ?? 0) + 1)
      },
    }
  }

  #child(child: string, below: HarnessOptions['below']): Emit<unknown, unknown> {
    return (key, value, record) => {
      const { timestamp, headers, topic, offset } = record
      // A change is overwritten and an aggregate mutated later: this is what stood there at the time.
      this.outputs.push(untyped(structuredClone({ child, key, value, timestamp, headers, topic, offset })))
      return below?.(key, value, child)
    }
  }

  async #run(punctuations: Punctuations, now: number): Promise<void> {
    const { record } = this
    record.topic = ''
    record.partition = -1
    record.offset = -1
    record.timestamp = now
    record.lazyHeaders = noHeaders
    await punctuations.run(now)
  }
}

/** Starts an operator. */
export function harness<K, V, KOut, VOut>(
  operator: Operator<K, V, KOut, VOut>,
  options: HarnessOptions = {},
): OperatorHarness<K, V, KOut, VOut> {
  return new OperatorHarness(operator, options)
}

function nodeOf(operator: AnyOperator, { stores = [], sendsOldValues = false }: HarnessOptions): ProcessorNode {
  return { kind: 'processor', name: 'step', operator, parents: [], stores: stores.map(({ name }) => name), sendsOldValues }
}

function streamTimeOf(task: ContextTask, timestamp: number): void {
  if (timestamp > task.streamTime) Object.assign(task, { streamTime: timestamp })
}
