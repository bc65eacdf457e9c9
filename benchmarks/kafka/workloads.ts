/**
 * The baseline kit's workloads as an ordinary user writes them here. Input topics, sizes, output formats and digests are the kit's (`../README.md`), so
 * whatever system wrote an output, `Bench verify` compares it.
 */
import { serdes, StreamsBuilder, topic, type Topology } from '../../src/index.ts'

interface Bid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly channel: string
  readonly dateTime: number
  readonly extra: string
}

interface Event {
  readonly type: string
}

const bids = { key: serdes.string, value: serdes.json<Bid>() }
const raw = { key: serdes.bytes, value: serdes.bytes }

/** A topology over the kit's topics; `out` is the output topic. */
export type KafkaWorkload = (out: string) => Topology

/** Names of the workloads, in the order that they run in. */
export type WorkloadName = 'passthrough' | 'filter' | 'map' | 'wordcount' | 'keyed-count'

/** The workloads by the kit's names. */
export const workloads: Readonly<Record<WorkloadName, KafkaWorkload>> = {
  passthrough: (out) => {
    const builder = new StreamsBuilder()
    builder.stream(topic('in-bids', raw)).to(topic(out, raw))
    return builder.build()
  },
  filter: (out) => {
    const builder = new StreamsBuilder()
    builder
      .stream(topic('in-bids', bids))
      .filter(({ auction }) => auction % 123 === 0)
      .mapValues(({ auction, price }) => ({ auction, price }))
      .to(topic(out, { key: serdes.string, value: serdes.json<{ auction: number; price: number }>() }))
    return builder.build()
  },
  map: (out) => {
    const builder = new StreamsBuilder()
    builder
      .stream(topic('in-bids', bids))
      .mapValues((bid) => ({ ...bid, price: Math.floor((bid.price * 908) / 1_000) }))
      .to(topic(out, bids))
    return builder.build()
  },
  wordcount: (out) => {
    const builder = new StreamsBuilder()
    builder
      .stream(topic('in-lines', { key: serdes.bytes, value: serdes.string }))
      .flatMapValues((line) => line.split(' '), { value: serdes.string })
      .groupBy((word) => word, { key: serdes.string })
      .count({ emit: 'on-commit' })
      .toStream()
      .to(topic(out, { key: serdes.string, value: serdes.long }))
    return builder.build()
  },
  'keyed-count': (out) => {
    const builder = new StreamsBuilder()
    builder
      .stream(topic('in-events', { key: serdes.string, value: serdes.json<Event>() }))
      .filter(({ type }) => type !== 'view')
      .groupByKey()
      .count({ emit: 'on-commit' })
      .toStream()
      .to(topic(out, { key: serdes.string, value: serdes.long }))
    return builder.build()
  },
}

/** A workload's input topic, how many records the kit makes, and how many records one of them is processed as: once, or its words once more. */
export const inputs: Readonly<Record<WorkloadName, { readonly topic: string; readonly records: number; readonly hops: number }>> = {
  passthrough: { topic: 'in-bids', records: 8_000_000, hops: 1 },
  filter: { topic: 'in-bids', records: 8_000_000, hops: 1 },
  map: { topic: 'in-bids', records: 8_000_000, hops: 1 },
  wordcount: { topic: 'in-lines', records: 400_000, hops: 13 },
  'keyed-count': { topic: 'in-events', records: 3_000_000, hops: 1 },
}

/** True: it is the name of a workload. */
export function isWorkload(name: string): name is WorkloadName {
  return Object.hasOwn(workloads, name)
}
