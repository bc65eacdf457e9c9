/**
 * Cogroups: several grouped streams of one type of key, each with its own fold, into one aggregate, kept in one store. Each input is repartitioned by
 * itself where its key was changed.
 */
import type { AnySerde } from '../model/serde.ts'
import type { Windowed } from '../model/window.ts'
import { aggregate } from '../operators/aggregate.ts'
import type { EmitWhen } from '../operators/change.ts'
import { cogroupMerge } from '../operators/cogroup.ts'
import { storeReader } from '../operators/table.ts'
import type { AnyWindows, SessionWindows, StoredWindows } from '../operators/window-placement.ts'
import { windowReader } from '../operators/window-tools.ts'
import { windowedAggregate } from '../operators/windowed-aggregate.ts'
import type { AnyStoreSpec, TableStoreSpec, SessionStoreSpec, WindowStoreSpec } from '../state/store-spec.ts'
import type { Call } from '../topology/graph.ts'
import type { AnyOperator, TableReader } from '../topology/operator.ts'
import type { KGroupedStream } from './grouped.ts'
import { erased, keyValueSpec, sessionSpec, windowSpec, type GroupParts } from './handle.ts'
import type { KTable } from './ktable.ts'
import { checkIdle } from './idle.ts'
import type { IdleOptions, SessionAggregateOptions, StepOptions, TableOptions, WindowTableOptions } from './options.ts'
import { anyStore } from './passes/naming.ts'
import { windowedSerde } from './windowed.ts'

/** One input of a cogroup: where its records come from, and how they are folded. @internal */
export interface CogroupInput<K, A> {
  readonly parts: GroupParts
  readonly add: (aggregate: A, value: never, key: K) => A | null
}

/** Kafka Streams' cogroups know no other way: each update, or the last one at a commit. */
type EmittingNow<O> = Omit<O, 'emit'> & { readonly emit?: EmitWhen }

/** Several grouped streams that fold into one aggregate. */
export class CogroupedKStream<K, A> {
  readonly #inputs: readonly CogroupInput<K, A>[]

  /** @internal */
  constructor(inputs: readonly CogroupInput<K, A>[]) {
    this.#inputs = inputs
  }

  /** Another grouped stream with its fold. `clicks.groupByKey().cogroup(addClick).cogroup(orders.groupByKey(), addOrder)` */
  cogroup<V>(grouped: KGroupedStream<K, V>, add: (aggregate: A, value: V, key: K) => A | null): CogroupedKStream<K, A> {
    const input = grouped.cogroupInput(this.#inputs[0]!.parts.graph, add)
    const known = this.#inputs.findIndex(({ parts }) => parts === input.parts)
    return new CogroupedKStream(known < 0 ? [...this.#inputs, input] : this.#inputs.with(known, input))
  }

  /** Aggregates per window. `….windowedBy(tumbling(minutes(1)))` */
  windowedBy(windows: StoredWindows): WindowedCogroupedKStream<K, A>
  windowedBy(windows: SessionWindows): SessionWindowedCogroupedKStream<K, A>
  windowedBy(windows: AnyWindows): WindowedCogroupedKStream<K, A> | SessionWindowedCogroupedKStream<K, A> {
    if (windows.kind === 'session') return new SessionWindowedCogroupedKStream<K, A>(this.#inputs, windows)
    return new WindowedCogroupedKStream<K, A>(this.#inputs, windows)
  }

  /** The table of the aggregates, each from `initial` on; a fold that answers null deletes. `….aggregate(() => new Profile(), { store: 'profiles' })` */
  aggregate(initial: () => A, options: TableOptions<K, A> = {}): KTable<K, A, true> {
    const store = keyValueSpec<K, A>(options.store)
    const { emit } = options
    return cogrouped<K, K, A>(this.#inputs, {
      options,
      store,
      windows: undefined,
      reader: storeReader(store),
      operator: (add) => aggregate<K, never, A>({ initial, add, store, role: 'COGROUPKSTREAM-AGGREGATE-', emit }),
    })
  }
}

/** A cogroup in windows. */
export class WindowedCogroupedKStream<K, A> {
  readonly #inputs: readonly CogroupInput<K, A>[]
  readonly #windows: StoredWindows

  /** @internal */
  constructor(inputs: readonly CogroupInput<K, A>[], windows: StoredWindows) {
    this.#inputs = inputs
    this.#windows = windows
  }

  /** The table of the aggregates of each key and window, each from `initial` on; a fold that answers null deletes. */
  aggregate(initial: () => A, options: EmittingNow<WindowTableOptions<K, A>> = {}): KTable<Windowed<K>, A, true> {
    const windows = this.#windows
    const store = windowSpec<K, A>(options.store, windows, graphOf(this.#inputs).mistakes)
    return windowedCogroup<K, A>(this.#inputs, { initial, options, windows, store })
  }
}

/** A cogroup in sessions. */
export class SessionWindowedCogroupedKStream<K, A> {
  readonly #inputs: readonly CogroupInput<K, A>[]
  readonly #windows: SessionWindows

  /** @internal */
  constructor(inputs: readonly CogroupInput<K, A>[], windows: SessionWindows) {
    this.#inputs = inputs
    this.#windows = windows
  }

  /** The table of the aggregates of each key and session, each from `initial` on; `merge` makes one of two; a fold that answers null deletes. */
  aggregate(initial: () => A, options: EmittingNow<SessionAggregateOptions<K, A>>): KTable<Windowed<K>, A, true> {
    const windows = this.#windows
    const store = sessionSpec<K, A>(options.store, windows, graphOf(this.#inputs).mistakes)
    return windowedCogroup<K, A>(this.#inputs, { initial, options, windows, store, merge: options.merge })
  }
}

interface WindowedCogroup<K, A> {
  readonly initial: () => A
  readonly options: MadeOptions
  readonly windows: AnyWindows
  readonly store: WindowStoreSpec<K, A> | SessionStoreSpec<K, A>
  readonly merge?: (left: A, right: A, key: K) => A
}

function windowedCogroup<K, A>(
  inputs: readonly CogroupInput<K, A>[],
  { initial, options, windows, store, merge }: WindowedCogroup<K, A>,
): KTable<Windowed<K>, A, true> {
  const fold = { initial, windows, store, role: 'COGROUPKSTREAM-AGGREGATE-' as const, emit: options.emit, idleMs: options.idle }
  return cogrouped<K, Windowed<K>, A>(inputs, {
    options,
    store,
    windows,
    reader: windowReader(store),
    operator: (add) => windowedAggregate<K, never, A>({ ...fold, add, ...(merge === undefined ? {} : { merge }) }),
  })
}

type MadeOptions = StepOptions & IdleOptions & { readonly key?: AnySerde; readonly value?: AnySerde; readonly emit?: EmitWhen }

interface Cogroup<K, KOut, A> {
  readonly options: MadeOptions
  readonly store: TableStoreSpec<K, A> | WindowStoreSpec<K, A> | SessionStoreSpec<K, A>
  readonly windows: AnyWindows | undefined
  readonly reader: TableReader<KOut, A> | undefined
  readonly operator: (add: CogroupInput<K, A>['add']) => AnyOperator
}

/** Kafka Streams' order of names: the store, the repartitions, the aggregations, their merge. */
function cogrouped<K, KOut, A>(
  inputs: readonly CogroupInput<K, A>[],
  { options, store, windows, reader, operator }: Cogroup<K, KOut, A>,
): KTable<KOut, A, true> {
  const { graph, makers, key: groupedKey } = inputs[0]!.parts
  checkIdle(options, graph.mistakes)
  const spec: AnyStoreSpec = anyStore(store)
  const innerKey = options.key ?? erased(store.key) ?? groupedKey
  const value = options.value ?? erased(store.value)
  graph.add({ kind: 'store', spec, role: 'COGROUPKSTREAM-AGGREGATE-STATE-STORE-', key: innerKey, value })
  const sources = inputs.map(({ parts }): Call => {
    const { call, key, value: values, name, grouping } = parts
    return graph.add({ kind: 'grouping', name, store: spec, parents: [call], key, value: values, grouping })
  })
  const named = (suffix: string): string | undefined => (options.name === undefined ? undefined : `${options.name}-${suffix}`)
  const steps = inputs.map(({ add, parts }, index) => {
    const { key, value: values } = parts
    return graph.add({
      kind: 'step',
      name: named(`cogroup-agg-${index}`),
      operator: operator(add),
      parents: [sources[index]!],
      key,
      value: values,
      onError: options.onError,
    })
  })
  const key = innerKey === undefined || windows === undefined ? innerKey : windowedSerde(innerKey, windows)
  const call = graph.add({
    kind: 'step',
    name: named('cogroup-merge'),
    operator: cogroupMerge<KOut, A>(),
    parents: steps,
    key,
    value,
    onError: options.onError,
  })
  return makers.table<KOut, A, true>({ graph, makers, call, key, value, reader })
}

function graphOf<K, A>(inputs: readonly CogroupInput<K, A>[]): GroupParts['graph'] {
  return inputs[0]!.parts.graph
}
