/**
 * Joining two streams: what the call says becomes the steps that Kafka Streams makes of it. Each side goes through a repartition where its key was
 * changed, is kept in a store of its own, and meets the other side's; both results come together in one step below.
 */
import { TopologyError, type Mistake } from '../base/errors.ts'
import type { Serde } from '../model/serde.ts'
import { joinRetention, joinSize, type JoinWindows } from '../operators/join/join-windows.ts'
import type { JoinKind } from '../operators/join/join-kind.ts'
import { selfJoin } from '../operators/join/self-join.ts'
import { joinBuffer, joinLeft, joinRight, type StreamJoin } from '../operators/join/stream-stream.ts'
import { waitingKey, waitingList } from '../operators/join/unmatched-serdes.ts'
import type { UnmatchedSpec } from '../operators/join/unmatched.ts'
import { merge } from '../operators/stateless.ts'
import type { StoreOptions, WindowStoreSpec } from '../state/store-spec.ts'
import type { Call } from '../topology/graph.ts'
import type { AnyOperator } from '../topology/operator.ts'
import { checkBuilder, erased, type Parts } from './handle.ts'
import { checkIdle } from './idle.ts'
import type { StreamJoinStores, ValueOptions } from './options.ts'
import { missing } from './passes/internal-topic.ts'

/** A join of two streams, as it was called. */
export interface StreamJoinCall<K, L, R, VOut> {
  readonly kind: JoinKind
  readonly join: (left: L | null, right: R | null, key: K) => VOut
  readonly options: ValueOptions<VOut> & Partial<StreamJoinStores<unknown, unknown, unknown>>
}

/** Appends the steps of a join and answers the place behind it. @internal */
export function joinStreams<K, L, R, VOut>(left: Parts, right: Parts, call: StreamJoinCall<K, L, R, VOut>): Parts {
  const { graph } = left
  checkBuilder(graph, right.graph, 'stream')
  const { kind, options } = call
  const { name, within } = options
  if (within === undefined) {
    const message = 'a join of two streams needs to know how near their records must be: give it { within: joinWindow(minutes(5)) }'
    throw new TopologyError([{ code: 'ARGUMENT_INVALID', message }])
  }
  const stores = storesOf<K, L, R>(left, right, { kind, options: { ...options, within } })
  graph.mistakes.push(...storeMistakes(stores, within))
  checkIdle(options, graph.mistakes)
  const join: StreamJoin<K, L, R, VOut> = { kind, windows: within, join: call.join, idleMs: options.idle, ...stores }
  const named = (suffix: string): string | undefined => (name === undefined ? undefined : `${name}${suffix}`)
  const step = (operator: AnyOperator, parents: readonly Call[], suffix: string): Call =>
    graph.add({ kind: 'step', name: named(suffix), operator, parents, key: undefined, value: undefined, onError: options.onError })
  const suffix = suffixes(kind)
  const inputs = [copartitioned(left, named('-left')), copartitioned(right, named('-right'))] as const
  const buffers = [
    step(joinBuffer(stores.left), [inputs[0]], '-this-windowed'),
    step(joinBuffer(stores.right), [inputs[1]], '-other-windowed'),
  ] as const
  const results = [step(joinLeft(join), [buffers[0]], suffix.left), step(joinRight(join), [buffers[1]], suffix.right)]
  return { ...left, call: step(mergeSides(join), results, '-merge'), value: erased(options.value) }
}

/** Brings both sides' results together; what they are where both sides are one stream. */
function mergeSides<K, L, R, VOut>({ kind, windows, left, join }: StreamJoin<K, L, R, VOut>): AnyOperator {
  const isExact = !kind.leftMayMiss && !kind.rightMayMiss
  const alone = selfJoin<K, L, VOut>({ windows, store: left, join: (mine, other, key) => join(mine, claimed<R>(other), key) })
  const operator: AnyOperator = { ...alone, traits: { ...alone.traits, keepsNullKeys: !isExact } }
  return { ...merge<K, VOut>(), traits: { ofOneStream: { operator, isExact } } }
}

/** What Kafka Streams adds to the names of both sides, of their stores and of the shared one. */
function suffixes({ leftMayMiss, rightMayMiss }: JoinKind): { readonly left: string; readonly right: string; readonly shared: string } {
  return {
    left: leftMayMiss ? '-outer-this-join' : '-this-join',
    right: rightMayMiss ? '-outer-other-join' : '-other-join',
    shared: leftMayMiss ? '-outer-shared-join' : '-left-shared-join',
  }
}

/** The stream, behind a repartition where its key was changed. */
function copartitioned({ graph, call, key, value }: Parts, name: string | undefined): Call {
  return graph.add({
    kind: 'repartition',
    when: 'key-changed',
    name,
    parents: [call],
    key,
    value,
    partitions: undefined,
    partitioner: undefined,
  })
}

type Stores<K, L, R> = Pick<StreamJoin<K, L, R, unknown>, 'left' | 'right' | 'unmatched'>

/** The stores of a join: the given ones, or ones that fit its window. */
function storesOf<K, L, R>(
  left: Parts,
  right: Parts,
  { kind, options }: { readonly kind: JoinKind; readonly options: StreamJoinStores<unknown, unknown, unknown> },
): Stores<K, L, R> {
  const suffix = suffixes(kind)
  const [first, second] = options.stores ?? [sideStore(left, suffix.left, options), sideStore(right, suffix.right, options)]
  const sides = { left: claimed<WindowStoreSpec<K, L>>(first), right: claimed<WindowStoreSpec<K, R>>(second) }
  const waits = kind.rightMayMiss && !options.within.isEager
  const base = options.stores?.[0].name ?? options.store
  return { ...sides, unmatched: waits ? sharedStore(sides, nameOf(base, suffix.shared), options) : undefined }
}

/** The store of one side: as long as the window, kept as long as it and its grace. */
function sideStore(
  { key, value }: Parts,
  suffix: string,
  options: StreamJoinStores<unknown, unknown, unknown>,
): WindowStoreSpec<unknown, unknown> {
  const { within, store } = options
  return Object.freeze({
    kind: 'window',
    ...nameOf(store, suffix),
    key: key ?? missing,
    value: value ?? missing,
    sizeMs: joinSize(within),
    retentionMs: joinRetention(within),
    duplicates: true,
    format: 'headers',
    ...logged(options),
  })
}

/** The store in which records of both sides wait. */
function sharedStore<K, L, R>(
  { left, right }: Omit<Stores<K, L, R>, 'unmatched'>,
  name: { readonly name?: string },
  options: StreamJoinStores<unknown, unknown, unknown>,
): UnmatchedSpec<K, L, R> {
  const { key = claimed<Serde<K>>(missing), value: leftValue = claimed<Serde<L>>(missing) } = left
  const { value: rightValue = claimed<Serde<R>>(missing) } = right
  return Object.freeze({
    kind: 'keyValue',
    ...name,
    key: waitingKey(key),
    value: waitingList(leftValue, rightValue),
    format: 'plain',
    ...logged(options),
  })
}

function nameOf(base: string | undefined, suffix: string): { readonly name?: string } {
  return base === undefined ? {} : { name: `${base}${suffix}-store` }
}

function logged({ changelog }: StreamJoinStores<unknown, unknown, unknown>): Pick<StoreOptions, 'changelog'> {
  return changelog === undefined ? {} : { changelog }
}

/** Sides whose serdes aren't known, and given stores that don't fit the window. */
function storeMistakes<K, L, R>({ left, right }: Stores<K, L, R>, within: JoinWindows): Mistake[] {
  const sides = [['left', left] as const, ['right', right] as const]
  const twins: Mistake[] =
    left.name !== undefined && left.name === right.name
      ? [
          {
            code: 'STORE_DUPLICATE',
            message: `both sides of a join keep their records in store ${left.name}: give each a store of its own`,
            node: left.name,
          },
        ]
      : []
  return [...twins, ...sides.flatMap(([side, store]) => [...serdeMistakes(side, store), ...fitMistakes(side, store, within)])]
}

function serdeMistakes(side: string, { key, value, name = '(unnamed)' }: WindowStoreSpec<unknown, unknown>): Mistake[] {
  const lacks = [key === missing ? 'key' : [], value === missing ? 'value' : []].flat()
  return lacks.map((lack) => ({
    code: 'SERDE_MISSING',
    message: `a join keeps its ${side} stream in store ${name}, which needs a ${lack} serde: give it where the ${lack} was made, as ${lack === 'key' ? 'selectKey(…, { key: serdes.string })' : 'mapValues(…, { value: serdes.string })'}`,
    node: name,
  }))
}

function fitMistakes(side: string, store: WindowStoreSpec<unknown, unknown>, within: JoinWindows): Mistake[] {
  const { name = '(unnamed)', sizeMs, retentionMs, duplicates } = store
  const needs = { sizeMs: joinSize(within), retentionMs: joinRetention(within), duplicates: true }
  if (duplicates === true && sizeMs === needs.sizeMs && retentionMs === needs.retentionMs) return []
  const text = `sizeMs: ${needs.sizeMs}, retentionMs: ${needs.retentionMs}, duplicates: true`
  return [
    {
      code: 'WINDOW_INVALID',
      message: `store ${name} doesn't fit the window of the join whose ${side} side it keeps: give it ${text}`,
      node: name,
    },
  ]
}

/** Sound because stores and serdes are those of the call and the handles, whose types are the sides', one that is missing being a mistake; and a join of one stream has one type on both sides. */
function claimed<T>(made: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return made as T
}
