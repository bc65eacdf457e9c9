/**
 * A foreign-key join as calls: rows of the left table subscribe at the owner of their foreign key through one topic, the right table's values come
 * back through another, and what was resolved is a table. All names and their order are Kafka Streams'.
 */
import { answerChange, answerSubscription, receiveSubscription, responsePartition } from '../operators/join/foreign-key-right.ts'
import { resolveResponse, subscribe, type LaterTopic } from '../operators/join/foreign-key-left.ts'
import { responseSerde, subscriptionSerde, type Response, type Subscription } from '../operators/join/foreign-key-message.ts'
import { serdes } from '../model/serdes.ts'
import type { AnySerde, Serde } from '../model/serde.ts'
import type { TableJoiner } from '../operators/join/table-table.ts'
import { storeReader, tableSource } from '../operators/table.ts'
import type { KeyValueStoreSpec } from '../state/store-spec.ts'
import type { Mistake } from '../base/errors.ts'
import type { NameCall, TopicCall } from '../topology/graph.ts'
import type { AnyPartitioner, Partitioner } from '../topology/operator.ts'
import { erased, keyValueSpec } from './handle.ts'
import type { KTable } from './ktable.ts'
import type { ReadableParts } from './table-join.ts'
import type { ForeignKeyOptions } from './options.ts'
import { missing } from './passes/internal-topic.ts'

/** A join of two tables by a key that the left one's rows name. @internal */
export interface ForeignKeyJoin<K, L, KO, R, VOut> {
  readonly left: ReadableParts<K, L>
  readonly right: ReadableParts<KO, R>
  /** True: rows without a partner are in the result. */
  readonly rightMayMiss: boolean
  readonly join: TableJoiner<K, L, R, VOut>
  readonly options: ForeignKeyOptions<K, L, KO, Exclude<VOut, null>>
}

/** Joins two tables by a foreign key. @internal */
export function joinByForeignKey<K, L, KO, R, VOut, D extends boolean>(
  join: ForeignKeyJoin<K, L, KO, R, VOut>,
): KTable<K, Exclude<VOut, null>, D> {
  const { left, rightMayMiss, options } = join
  const { graph, makers } = left
  const named = namesOf(options.name)
  const registration = graph.add(named.registration)
  const topic: LaterTopic = { name: '' }
  const keySerde = left.key ?? missing
  const side = {
    foreignKey: options.foreignKey,
    left: rightMayMiss,
    join: join.join,
    table: left.reader,
    registration: topic,
    foreignKeySerde: join.right.key ?? missing,
    valueSerde: left.value ?? missing,
  }
  if (left.value === undefined) graph.mistakes.push(noValueSerde(options.name))
  const below = { kind: 'step', key: undefined, value: undefined, onError: options.onError } as const
  const send = graph.add({
    ...below,
    name: named.of('-subscription-registration-processor'),
    operator: subscribe<K, L, KO>(side),
    parents: [left.call],
  })
  const subscriptions = graph.add({
    kind: 'topic',
    taken: registration,
    sink: named.of('-subscription-registration-sink'),
    source: named.of('-subscription-registration-source'),
    parents: [send],
    key: join.right.key,
    value: left.key === undefined ? undefined : subscriptionSerde(keySerde),
    partitioner: byKey(options.otherPartitioner),
    named: (name) => {
      topic.name = name
    },
  })
  const responses = addOwner(join, { topic, subscriptions, named })
  const resolver = named.of('-subscription-response-resolver')
  const resolved = graph.add({ ...below, name: resolver, operator: resolveResponse<K, L, R, VOut>(side), parents: [responses] })
  const store = keyValueSpec<K, Exclude<VOut, null>>(options.store)
  const storeSerdes = { key: erased(options.key) ?? store.key ?? left.key, value: erased(options.value) ?? store.value }
  const operator = { ...tableSource<K, Exclude<VOut, null>>({ store, emit: options.emit }), ...RESULT }
  const call = graph.add({ ...below, name: named.of('-result'), operator, parents: [resolved], storeSerdes })
  return makers.table<K, Exclude<VOut, null>, D>({ graph, makers, call, ...storeSerdes, reader: storeReader(store) })
}

/** What the right table's side needs to know of the left one's. */
interface Registered {
  readonly topic: LaterTopic
  readonly subscriptions: TopicCall
  readonly named: JoinNames
}

/** The steps at the owner of a foreign key, up to the topic that its answers go through. */
function addOwner<K, L, KO, R, VOut>(join: ForeignKeyJoin<K, L, KO, R, VOut>, { topic, subscriptions, named }: Registered): TopicCall {
  const { left, right, options } = join
  const { graph } = left
  const storeName = named.of('-subscription-store')
  // Kafka Streams takes an index for the store, named or not.
  if (storeName !== undefined) graph.add({ kind: 'name', name: storeName, role: '' })
  const kept = {
    store: subscriptionStore<K>(storeName, subscriptions.value),
    foreignKeySerde: right.key ?? missing,
    keySerde: left.key ?? missing,
    registration: topic,
  }
  const below = { kind: 'step', key: undefined, value: undefined, onError: options.onError } as const
  const received = graph.add({
    ...below,
    name: named.of('-subscription-receive'),
    operator: receiveSubscription<K, KO>(kept),
    parents: [subscriptions],
  })
  const answered = graph.add({
    ...below,
    name: named.of('-subscription-join-foreign'),
    operator: answerSubscription<K, KO, R>(right.reader),
    parents: [received],
  })
  const changed = graph.add({
    ...below,
    name: named.of('-foreign-join-subscription'),
    operator: answerChange<K, KO, R>(kept),
    parents: [right.call],
  })
  return graph.add({
    kind: 'topic',
    taken: graph.add({ kind: 'name', name: named.of('-subscription-response'), role: 'KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-' }),
    sink: named.of('-subscription-response-sink'),
    source: named.of('-subscription-response-source'),
    parents: [answered, changed],
    key: left.key,
    value: right.value === undefined ? undefined : responseSerde(right.value),
    partitioner: byKey(options.partitioner) ?? toAsker,
  })
}

/** Never cached, and with headers, as Kafka Streams keeps it. */
function subscriptionStore<K>(name: string | undefined, value: AnySerde | undefined): KeyValueStoreSpec<Uint8Array, Subscription<K>> {
  const spec = { kind: 'keyValue', format: 'headers', cacheBytes: 0, key: serdes.bytes, value: subscribed<K>(value ?? missing) } as const
  return Object.freeze(name === undefined ? spec : { ...spec, name })
}

/** The result is a table like those of topics, under its own name. */
const RESULT = {
  role: 'KTABLE-FK-JOIN-OUTPUT-',
  naming: { stores: 'after', storeRole: 'KTABLE-FK-JOIN-OUTPUT-STATE-STORE-' },
} as const

/** The names of a join's steps, from its own if it has one. */
interface JoinNames {
  readonly registration: NameCall
  readonly of: (suffix: string) => string | undefined
}

function namesOf(name: string | undefined): JoinNames {
  const of = (suffix: string): string | undefined => (name === undefined ? undefined : `${name}${suffix}`)
  return { of, registration: { kind: 'name', name: of('-subscription-registration'), role: 'KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-' } }
}

function noValueSerde(name: string | undefined): Mistake {
  const message =
    "a foreign-key join tells rows apart by their bytes, so it needs the serde of the left table's values: give it where they were made, as mapValues(…, { value: serdes.json() })"
  return { code: 'SERDE_MISSING', message, ...(name === undefined ? {} : { node: name }) }
}

/** A partitioner that sees keys only and must name one partition. */
function byKey<K>(partitioner: Partitioner<K, null> | undefined): AnyPartitioner | undefined {
  if (partitioner === undefined) return undefined
  const place: AnyPartitioner = (_value, key, to) => {
    const chosen = partitioner(null, own<K>(key), to)
    if (chosen === undefined || typeof chosen === 'number') return chosen
    // Not a partition: the sink says so.
    return chosen.length === 1 ? chosen[0]! : Number.NaN
  }
  return place
}

const toAsker: AnyPartitioner = (response) => responsePartition(own<Response<unknown>>(response))

/** Sound because a sink hands its partitioner what its own step sends it. */
function own<T>(sent: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return sent as T
}

/** Sound because it is the serde of the same subscriptions, whose type the call forgot. */
function subscribed<K>(serde: AnySerde): Serde<Subscription<K>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return serde as Serde<Subscription<K>>
}
