/** A topic of the application's own in a draft: the sink that writes it, the source that reads it, and what both need to know. */
import type { AnySerde } from '../../model/serde.ts'
import type { SourceCall } from '../../topology/graph.ts'
import type { AnyPartitioner, NodeName, SinkSpec } from '../../topology/operator.ts'
import type { Draft, DraftRepartition } from './draft.ts'

/** What an internal topic carries, and who sends it. */
export interface CutWish {
  readonly topic: string
  /** What mistakes are reported of. */
  readonly node: string
  readonly parents: readonly NodeName[]
  readonly key: AnySerde | undefined
  readonly value: AnySerde | undefined
  readonly partitioner: AnyPartitioner | undefined
}

/** Puts in sink and source of an internal topic; a missing serde is a mistake. */
export function cutInto(draft: Draft, wish: CutWish, repartition: Omit<DraftRepartition, 'name'>): void {
  const { topic, node, parents, partitioner } = wish
  const { sink, source } = repartition
  const side = wish.key === undefined ? 'key' : 'value'
  const { key = missing, value = missing } = wish
  if (key === missing || value === missing) {
    const advice = side === 'key' ? 'selectKey(…, { key: serdes.string })' : 'mapValues(…, { value: serdes.string })'
    const message = `the repartition topic ${topic} needs a ${side} serde: give it where the ${side} was made, as ${advice}`
    draft.mistakes.push({ code: 'SERDE_MISSING', message, node })
  }
  const spec: SinkSpec = { topic, internal: true, key, value, ...(partitioner === undefined ? {} : { partitioner }) }
  const call: SourceCall = {
    kind: 'source',
    name: source,
    topics: [topic],
    pattern: undefined,
    key,
    value,
    timestamp: 'fail',
    startFrom: 'earliest',
    as: 'stream',
  }
  draft.nodes.push({ kind: 'sink', name: sink, parents, sink: spec }, { kind: 'source', name: source, parents: [], internal: true, call })
  draft.repartitions.push({ name: topic, ...repartition })
}

/** Stands where a serde is missing, until the mistake is thrown. */
export const missing: AnySerde = {
  serialize: () => new Uint8Array(0),
  deserialize: () => undefined,
}
