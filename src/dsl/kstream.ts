/**
 * A stream of records. An immutable handle: each method appends one step to the builder's list and answers the handle of what comes out of it.
 * Types follow from the topic it began with; serdes are carried along until a step changes that side.
 */
import { TopologyError } from '../base/errors.ts'
import type { RecordContext } from '../model/record.ts'
import type { AnySerde } from '../model/serde.ts'
import type { SinkTopic } from '../model/topic.ts'
import { filterAsync, forEachAsync, mapAsync, mapValuesAsync, type AsyncFunction } from '../operators/async.ts'
import { fullOuter, inner, leftOuter, type JoinKind } from '../operators/join/join-kind.ts'
import { streamGlobalJoin } from '../operators/join/stream-global.ts'
import { streamTableJoin } from '../operators/join/stream-table.ts'
import { process, processValues } from '../operators/process.ts'
import type { FixedKeyProcessor, Processor } from '../topology/processor.ts'
import * as stateless from '../operators/stateless.ts'
import { storeReader, toTable } from '../operators/table.ts'
import type { Operator } from '../topology/operator.ts'
import { deduplicated } from './deduplicate.ts'
import { callsOf } from './async-steps.ts'
import type { GlobalKTable } from './global-ktable.ts'
import type { KGroupedStream } from './grouped.ts'
import { checkBuilder, erased, keyValueSpec, type Parts } from './handle.ts'
import { joinStreams } from './join-streams.ts'
import type { KTable } from './ktable.ts'
import type {
  DeduplicateOptions,
  AsyncOptions,
  AsyncSerdeOptions,
  AsyncValueOptions,
  GlobalJoinOptions,
  GroupOptions,
  KeyOptions,
  LookupOptions,
  ProcessOptions,
  RepartitionOptions,
  SerdeOptions,
  SinkOptions,
  StepOptions,
  StreamJoinOptions,
  StreamJoinStores,
  TableOptions,
  ValueOptions,
} from './options.ts'
import { graceOf } from './grace.ts'
import { splitStream, type Branches, type BranchResult, type SplitOptions } from './split.ts'

/** A function of a record, value first. The context is valid during the call. */
export type Callback<K, V, R> = (value: V, key: K, record: RecordContext) => R

/** A stream of records with keys `K` and values `V`. */
export class KStream<K, V> {
  readonly #parts: Parts

  /** @internal */
  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Only the records that `keep` answers true for; a type guard narrows the value. `orders.filter((o) => o.cents > 100)` */
  filter<S extends V>(keep: (value: V, key: K, record: RecordContext) => value is S, options?: StepOptions): KStream<K, S>
  filter(keep: Callback<K, V, boolean>, options?: StepOptions): KStream<K, V>
  filter(keep: Callback<K, V, boolean>, options?: StepOptions): KStream<K, V> {
    return this.apply(stateless.filter(keep), options)
  }

  /** Only the records that `drop` answers false for. `orders.filterNot((o) => o.cancelled)` */
  filterNot(drop: Callback<K, V, boolean>, options?: StepOptions): KStream<K, V> {
    return this.apply(stateless.filterNot(drop), options)
  }

  /** Gives each record another value; the key is kept. `orders.mapValues((o) => o.cents)` */
  mapValues<VOut>(f: Callback<K, V, VOut>, options?: ValueOptions<VOut>): KStream<K, VOut> {
    return this.apply(stateless.mapValues(f), options)
  }

  /** One record for each value that `f` answers; the key is kept. `lines.flatMapValues((line) => line.split(' '))` */
  flatMapValues<VOut>(f: Callback<K, V, Iterable<VOut>>, options?: ValueOptions<VOut>): KStream<K, VOut> {
    return this.apply(stateless.flatMapValues(f), options)
  }

  /** Gives each record another key and value. `orders.map((o) => [o.customer, o.cents], { key: serdes.string })` */
  map<KOut, VOut>(f: Callback<K, V, readonly [KOut, VOut]>, options?: SerdeOptions<KOut, VOut>): KStream<KOut, VOut> {
    return this.apply(stateless.map(f), options)
  }

  /** One record for each pair that `f` answers. `baskets.flatMap((b) => b.items.map((item) => [item.id, item]))` */
  flatMap<KOut, VOut>(f: Callback<K, V, Iterable<readonly [KOut, VOut]>>, options?: SerdeOptions<KOut, VOut>): KStream<KOut, VOut> {
    return this.apply(stateless.flatMap(f), options)
  }

  /** Gives each record another key; a repartition follows only where a later step reads by key. `orders.selectKey((o) => o.customer, { key: serdes.string })` */
  selectKey<KOut>(f: Callback<K, V, KOut>, options?: KeyOptions<KOut>): KStream<KOut, V> {
    return this.apply(stateless.selectKey(f), options)
  }

  /** Shows each record to `f` and passes it on. `orders.peek((o) => log(o))` */
  peek(f: Callback<K, V, void>, options?: StepOptions): KStream<K, V> {
    return this.apply(stateless.peek(f), options)
  }

  /** Hands each record to `f`; the path ends. `alerts.forEach((a) => notify(a))` */
  forEach(f: Callback<K, V, void>, options?: StepOptions): void {
    this.apply(stateless.forEach(f), options)
  }

  /**
   * Gives each record the value that `f` promises, while others are under way; no offset is committed past a record that isn't done. By default a record
   * never overtakes another of its key. `orders.mapValuesAsync((o) => rates.convert(o.cents), { timeoutMs: 2_000, retries: 3 })`
   */
  mapValuesAsync<VOut>(f: AsyncFunction<K, V, VOut>, options: AsyncValueOptions<VOut> = {}): KStream<K, VOut> {
    return this.apply(mapValuesAsync(f, callsOf(this.#parts, 'mapValuesAsync', options)), options)
  }

  /** Gives each record the key and value that `f` promises, as `mapValuesAsync`. `orders.mapAsync(async (o) => [await region(o), o], { key: serdes.string })` */
  mapAsync<KOut, VOut>(f: AsyncFunction<K, V, readonly [KOut, VOut]>, options: AsyncSerdeOptions<KOut, VOut> = {}): KStream<KOut, VOut> {
    return this.apply(mapAsync(f, callsOf(this.#parts, 'mapAsync', options)), options)
  }

  /** Only the records that `keep` promises true for, as `mapValuesAsync`. `orders.filterAsync((o) => isKnown(o.customer))` */
  filterAsync(keep: AsyncFunction<K, V, boolean>, options: AsyncOptions = {}): KStream<K, V> {
    return this.apply(filterAsync(keep, callsOf(this.#parts, 'filterAsync', options)), options)
  }

  /** Hands each record to `f`, and is done with it when its promise settles; the path ends. Calls for one key come one after another. `alerts.forEachAsync((a) => mail.send(a))` */
  forEachAsync(f: AsyncFunction<K, V, unknown>, options: AsyncOptions = {}): void {
    this.apply(forEachAsync(f, callsOf(this.#parts, 'forEachAsync', options)), options)
  }

  /** Writes each record as a line on standard output; the path ends. `orders.print({ label: 'orders' })` */
  print(options: StepOptions & { readonly label?: string } = {}): void {
    const label = options.label === undefined ? '' : `[${options.label}]: `
    this.apply(
      stateless.print((value, key) => `${label}${String(key)}, ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`),
      options,
    )
  }

  /** This stream and the others as one; options may come last. `web.merge(shop, phone)` */
  merge(...streams: readonly (KStream<K, V> | StepOptions)[]): KStream<K, V> {
    const others = streams.filter((stream): stream is KStream<K, V> => stream instanceof KStream)
    const [options] = streams.filter((stream): stream is StepOptions => !(stream instanceof KStream))
    if (others.length === 0) return this
    const { graph } = this.#parts
    const all = [this.#parts, ...others.map((other) => other.#parts)]
    for (const parts of all) checkBuilder(graph, parts.graph, 'stream')
    const key = all.find((parts) => parts.key !== undefined)?.key
    const value = all.find((parts) => parts.value !== undefined)?.value
    const parents = all.map(({ call }) => call)
    const { name, onError } = options ?? {}
    const step = graph.add({ kind: 'step', name, operator: stateless.merge<K, V>(), parents, key, value, onError })
    return this.#stream<K, V>({ call: step, key, value })
  }

  /**
   * Several streams out of one: each record goes to the first branch whose predicate holds, in written order; `otherwise` takes the rest.
   * `const { big, rest } = orders.split({ big: (o) => o.cents > 10_000, rest: otherwise })`. A branch may go on where it is declared, as in
   * `{ when: (o) => o.lost, through: (lost) => lost.to(losses) }`.
   */
  split<B extends Branches<K, V>>(branches: B, options?: SplitOptions): { readonly [Name in keyof B]: BranchResult<K, V, B[Name]> } {
    return splitStream(this.#parts, branches, options)
  }

  /** Sends everything through a topic of its own, so that it is partitioned by its key. `orders.repartition({ name: 'by-customer', partitions: 12 })` */
  repartition(options: RepartitionOptions<K, V> = {}): KStream<K, V> {
    const { graph, call } = this.#parts
    const key = erased(options.key) ?? this.#parts.key
    const value = erased(options.value) ?? this.#parts.value
    const { name, partitions, partitioner } = options
    const through = graph.add({ kind: 'repartition', when: 'always', name, parents: [call], key, value, partitions, partitioner })
    return this.#stream<K, V>({ call: through, key, value })
  }

  /** Groups by the key as it is, to aggregate. `clicks.groupByKey().count()` */
  groupByKey(options: GroupOptions<K, V> = {}): KGroupedStream<Exclude<K, null>, V> {
    const { makers } = this.#parts
    const key = erased(options.key) ?? this.#parts.key
    const value = erased(options.value) ?? this.#parts.value
    return makers.grouped<Exclude<K, null>, V>({ ...this.#parts, key, value, name: options.name, grouping: {} })
  }

  /** Groups by a key made of the record. `orders.groupBy((o) => o.customer, { key: serdes.string })` */
  groupBy<KOut>(f: Callback<K, V, KOut>, options: GroupOptions<KOut, V> = {}): KGroupedStream<Exclude<KOut, null>, V> {
    return this.selectKey(f, options).groupByKey(options)
  }

  /** The newest value of each key as a table; null deletes. `updates.toTable({ store: 'latest' })` */
  toTable(
    options: TableOptions<Exclude<K, null>, Exclude<V, null>> = {},
  ): KTable<Exclude<K, null>, Exclude<V, null>, null extends V ? true : false> {
    const { graph, call, makers } = this.#parts
    const key = erased(options.key) ?? this.#parts.key
    const value = erased(options.value) ?? this.#parts.value
    const store = keyValueSpec(options.store)
    const operator = toTable({ store, emit: options.emit })
    const { name, onError } = options
    const step = graph.add({ kind: 'step', name, operator, parents: [call], key, value, storeSerdes: { key, value }, onError })
    return makers.table({ ...this.#parts, call: step, key, value, reader: storeReader(store) })
  }

  /**
   * Each pair of records of one key, one of each stream, that are near enough in time. With a table: each record with the row of its key; records without
   * one are dropped. `orders.join(payments, (o, p) => ({ ...o, paid: p.cents }), { within: joinWindow(minutes(5)) })`, `orders.join(customers, (o, c) => c.name)`
   */
  join<R, VOut>(
    stream: KStream<K, R>,
    joiner: (left: Exclude<V, null>, right: Exclude<R, null>, key: Exclude<K, null>) => VOut,
    options: StreamJoinOptions<K, V, R, VOut>,
  ): KStream<Exclude<K, null>, VOut>
  join<GK, T, VOut>(
    table: GlobalKTable<GK, T>,
    joiner: (left: Exclude<V, null>, right: T, key: K) => VOut,
    options: GlobalJoinOptions<K, V, GK, VOut>,
  ): KStream<K, VOut>
  join<T, VOut>(
    table: KTable<K, T, boolean>,
    joiner: (left: Exclude<V, null>, right: T, key: K) => VOut,
    options?: LookupOptions<VOut>,
  ): KStream<K, VOut>
  join<R, VOut>(
    other: Joinable<K, R>,
    joiner: LooseJoiner<VOut>,
    options: JoinOptions<VOut> = {},
  ): KStream<K, VOut> | KStream<Exclude<K, null>, VOut> {
    return this.#joined(other, joiner, options, inner)
  }

  /**
   * As `join`, and each record of this stream that meets none with null, when its window has closed. With a table: each record with the row of its key,
   * or null. `orders.leftJoin(customers, (o, c) => ({ ...o, name: c?.name }))`
   */
  leftJoin<R, VOut>(
    stream: KStream<K, R>,
    joiner: (left: Exclude<V, null>, right: Exclude<R, null> | null, key: K) => VOut,
    options: StreamJoinOptions<K, V, R, VOut>,
  ): KStream<K, VOut>
  leftJoin<GK, T, VOut>(
    table: GlobalKTable<GK, T>,
    joiner: (left: Exclude<V, null>, right: T | null, key: K) => VOut,
    options: GlobalJoinOptions<K, V, GK, VOut>,
  ): KStream<K, VOut>
  leftJoin<T, VOut>(
    table: KTable<K, T, boolean>,
    joiner: (left: Exclude<V, null>, right: T | null, key: K) => VOut,
    options?: LookupOptions<VOut>,
  ): KStream<K, VOut>
  leftJoin<R, VOut>(other: Joinable<K, R>, joiner: LooseJoiner<VOut>, options: JoinOptions<VOut> = {}): KStream<K, VOut> {
    return this.#joined(other, joiner, options, leftOuter)
  }

  /** As `join`, and each record of either stream that meets none with null, when its window has closed. `orders.outerJoin(payments, (o, p) => o?.id ?? p?.id, { within })` */
  outerJoin<R, VOut>(
    stream: KStream<K, R>,
    joiner: (left: Exclude<V, null> | null, right: Exclude<R, null> | null, key: K) => VOut,
    options: StreamJoinOptions<K, V, R, VOut>,
  ): KStream<K, VOut> {
    return this.#joined(stream, joiner, options, fullOuter)
  }

  #joined<R, VOut>(other: Joinable<K, R>, join: LooseJoiner<VOut>, options: JoinOptions<VOut>, kind: JoinKind): KStream<K, VOut> {
    const joiner = claimed<K, V, R, VOut>(join)
    const left = kind.rightMayMiss
    const { graph, makers } = this.#parts
    if (other instanceof KStream) return makers.stream<K, VOut>(joinStreams(this.#parts, other.#parts, { kind, join: joiner, options }))
    const { name, value } = options
    const given = { ...(name === undefined ? {} : { name }), ...(value === undefined ? {} : { value }) }
    if ('isGlobal' in other) {
      const key = mapper<K, V, never>(options.key)
      return this.apply(streamGlobalJoin<K, V, never, R, VOut>({ table: other.reader(graph), left, key, join: joiner }), given)
    }
    const table = other.reader(graph)
    const grace = graceOf<K, V>(this.#parts, table, options)
    return this.apply(streamTableJoin<K, V, R, VOut>({ table, left, join: joiner, ...grace }), given)
  }

  /** Runs a processor for each record; it may change the key. `orders.process(() => new Counter(), { stores: [counts] })` */
  process<KOut = K, VOut = V>(supplier: () => Processor<K, V, KOut, VOut>, options: ProcessOptions<KOut, VOut> = {}): KStream<KOut, VOut> {
    return this.#processed(process(supplier, options.stores ?? []), options)
  }

  /** Runs a processor that keeps the key, so no repartition follows. `orders.processValues(() => new Numbering(), { stores: [numbers] })` */
  processValues<VOut = V>(supplier: () => FixedKeyProcessor<K, V, VOut>, options: ProcessOptions<K, VOut> = {}): KStream<K, VOut> {
    return this.#processed(processValues(supplier, options.stores ?? []), options)
  }

  #processed<KOut, VOut>(operator: Operator<K, V, KOut, VOut>, options: ProcessOptions<KOut, VOut>): KStream<KOut, VOut> {
    return this.apply(operator, options)
  }

  /**
   * Only the first record of each key and id that `f` answers, and none within so many milliseconds of it; null: no id, passes.
   * `orders.deduplicate((order) => order.id, { within: minutes(10) })`. For ids that several keys may have, `selectKey` the id before.
   */
  deduplicate<I extends string | number | boolean>(
    f: Callback<K, V, I | null>,
    options: DeduplicateOptions<K>,
  ): KStream<Exclude<K, null>, V> {
    return this.#parts.makers.stream<Exclude<K, null>, V>(deduplicated(this.#parts, f, options))
  }

  /** Writes to a topic; null is written as a tombstone. With a function the topic is chosen per record. `totals.to(topic('totals', { key: serdes.string, value: serdes.long }))` */
  to(sink: SinkTopic<Exclude<K, null>, Exclude<V, null>> | Callback<K, V, string>, options: SinkOptions<K, V> = {}): void {
    const { graph, call } = this.#parts
    const target =
      typeof sink === 'function'
        ? { topic: sink, key: this.#parts.key, value: this.#parts.value }
        : { topic: sink.name, key: erased(sink.key), value: erased(sink.value) }
    const key = erased(options.key) ?? target.key
    const value = erased(options.value) ?? target.value
    const { name, partitioner, onError } = options
    graph.add({ kind: 'sink', name, parents: [call], topic: target.topic, key, value, partitioner, onError })
  }

  /** Any operator as a step, your own included. `orders.apply(distinct((a, b) => a.id === b.id, seen))` */
  apply<KOut, VOut>(operator: Operator<K, V, KOut, VOut>, options: SerdeOptions<KOut, VOut> = {}): KStream<KOut, VOut> {
    const { graph, call, key, value } = this.#parts
    const { name, onError } = options
    const step = graph.add({ kind: 'step', name, operator, parents: [call], key, value, onError })
    const { changesKey, changesValue } = operator.traits
    return this.#stream<KOut, VOut>({
      call: step,
      key: erased(options.key) ?? (changesKey === true ? undefined : key),
      value: erased(options.value) ?? (changesValue === true ? undefined : value),
    })
  }

  #stream<KOut, VOut>(place: {
    readonly call: Parts['call']
    readonly key: AnySerde | undefined
    readonly value: AnySerde | undefined
  }): KStream<KOut, VOut> {
    return this.#parts.makers.stream<KOut, VOut>({ ...this.#parts, ...place })
  }
}

/** The values of a branch: what its type guard says, else the stream's. */
export type SplitValue<V, P> = P extends ((value: V, ...rest: never) => value is infer S extends V) ? S : V

/** What a stream joins. */
type Joinable<K, R> = KStream<K, R> | KTable<K, R, boolean> | GlobalKTable<never, R>

/** A joiner of any join: which of its arguments may be null is the overload's to say. */
type LooseJoiner<VOut> = (left: never, right: never, key: never) => VOut

/** How a record's key in a global table is made, whatever its types. */
type LooseMapper = (value: never, key: never, record: RecordContext) => unknown

type JoinOptions<VOut> = LookupOptions<VOut> & Partial<StreamJoinStores<unknown, unknown, unknown>> & { readonly key?: LooseMapper }

/** Sound because the overload says that it takes this stream's records and answers the table's keys. Throws a `TopologyError` when there is none. */
function mapper<K, V, GK>(key: LooseMapper | undefined): (value: V, key: K, record: RecordContext) => GK | null {
  if (typeof key !== 'function') {
    const message = 'a join with a global table needs to know which key to look up: give it { key: (value, key) => … }'
    throw new TopologyError([{ code: 'ARGUMENT_INVALID', message }])
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return key as (value: V, key: K, record: RecordContext) => GK | null
}

/** Sound because joins drop null values and, where the key can't be null, null keys, and leave null where the overload says so only. */
function claimed<K, L, R, VOut>(joiner: LooseJoiner<VOut>): (left: L | null, right: R | null, key: K) => VOut {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return joiner as (left: L | null, right: R | null, key: K) => VOut
}
