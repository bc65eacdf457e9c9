/**
 * The workloads: what goes in, the topology, and what must come out. Records are 14-byte keys and some 90 bytes of JSON, made beforehand, so that the
 * source never limits. The numbering and names are those of the benchmark plan: W1 passthrough, W4 keyed-count.
 */
import { serdes, StreamsBuilder, topic, type Topology } from '../src/index.ts'

/** A view of a product, as a shop logs it. */
export interface View {
  readonly id: number
  readonly user: string
  readonly type: string
  readonly cents: number
  readonly note: string
}

/** One workload. */
export interface Workload {
  readonly name: string
  readonly about: string
  /** Key and value of the n-th record. */
  record(n: number): { readonly key: string; readonly value: string }
  topology(): Topology
  /** How many records must come out for `count` that go in. */
  outputs(count: number): number
  /** Compares what came out, as texts, with a naive computation; answers how many differ. */
  differences(
    inputs: readonly { readonly key: string; readonly value: string }[],
    outputs: readonly { readonly key: string; readonly value: string }[],
  ): number
}

const KEYS = 1_000_000

const json = { key: serdes.string, value: serdes.json<View>() }
const bytes = { key: serdes.bytes, value: serdes.bytes }

const views = topic('views', json)
const copies = topic('copies', json)
const rawViews = topic('views', bytes)
const rawCopies = topic('copies', bytes)
const counts = topic('copies', { key: serdes.string, value: serdes.long })

function view(n: number, key: string): { key: string; value: string } {
  const value: View = {
    id: n,
    user: `user-${n % 9_973}`,
    type: n % 7 === 0 ? 'cart' : 'view',
    cents: (n * 37) % 10_000,
    note: 'seen on the front page today',
  }
  return { key, value: JSON.stringify(value) }
}

const inOrder = (n: number): { key: string; value: string } => view(n, keyOf(n % KEYS))

/** 14 bytes. */
function keyOf(n: number): string {
  return `key-${String(n).padStart(10, '0')}`
}

/** All workloads. */
export const workloads: readonly Workload[] = [
  {
    name: 'passthrough-bytes',
    about: 'stream(views).to(copies), bytes serde',
    record: inOrder,
    topology: () => {
      const builder = new StreamsBuilder()
      builder.stream(rawViews).to(rawCopies)
      return builder.build()
    },
    outputs: (count) => count,
    differences: sameRecords,
  },
  {
    name: 'passthrough',
    about: 'stream(views).to(copies), read as JSON, written as the bytes it was',
    record: inOrder,
    topology: () => {
      const builder = new StreamsBuilder()
      builder.stream(views).to(copies)
      return builder.build()
    },
    outputs: (count) => count,
    differences: sameRecords,
  },
  {
    name: 'filter',
    about: 'stream(views).filter(type is cart).to(copies), JSON in and out',
    record: inOrder,
    topology: () => {
      const builder = new StreamsBuilder()
      builder
        .stream(views)
        .filter((found) => found.type === 'cart')
        .to(copies)
      return builder.build()
    },
    outputs: (count) => Math.ceil(count / 7),
    differences: (inputs, outputs) =>
      sameRecords(
        inputs.filter(({ value }) => value.includes('"cart"')),
        outputs,
      ),
  },
  {
    name: 'keyed-count',
    about: 'stream(views).groupByKey().count().toStream().to(copies), 1 M keys, Zipf 0.99, JSON in, every update out and in the changelog',
    record: (n) => view(n, keyOf(zipf(n))),
    topology: () => {
      const builder = new StreamsBuilder()
      builder.stream(views).groupByKey().count({ store: 'counts' }).toStream().to(counts)
      return builder.build()
    },
    outputs: (count) => count,
    differences: countsDiffer,
  },
]

function sameRecords(inputs: readonly { key: string; value: string }[], outputs: readonly { key: string; value: string }[]): number {
  const text = (records: readonly { key: string; value: string }[]): string[] => records.map(({ key, value }) => `${key} ${value}`).sort()
  const expected = text(inputs)
  const found = text(outputs)
  return Math.abs(expected.length - found.length) + expected.filter((line, i) => line !== found[i]).length
}

/** The k-th output of a key must be k. */
function countsDiffer(inputs: readonly { key: string }[], outputs: readonly { key: string; value: string }[]): number {
  const expected = new Map<string, number>()
  for (const { key } of inputs) expected.set(key, (expected.get(key) ?? 0) + 1)
  const seen = new Map<string, number>()
  let differences = 0
  for (const { key, value } of outputs) {
    const count = (seen.get(key) ?? 0) + 1
    seen.set(key, count)
    const bytesOfCount = Buffer.from(value, 'latin1')
    if (Number(bytesOfCount.readBigInt64BE(0)) !== count) differences++
  }
  for (const [key, count] of expected) if (seen.get(key) !== count) differences++
  return differences
}

let cumulative: Float64Array | undefined

/** A key's rank by Zipf's law with exponent 0.99, from a number that a hash of n spreads over [0, 1). */
function zipf(n: number): number {
  cumulative ??= makeCumulative()
  let h = Math.imul(n + 1, 0x9e3779b1)
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  const at = ((h ^ (h >>> 16)) >>> 0) / 2 ** 32
  let low = 0
  let high = KEYS - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (cumulative[middle]! < at) low = middle + 1
    else high = middle
  }
  // Popular keys are spread over the partitions, not the first ones.
  return (low * 7_919) % KEYS
}

function makeCumulative(): Float64Array {
  const sums = new Float64Array(KEYS)
  let sum = 0
  for (let i = 0; i < KEYS; i++) {
    sum += 1 / (i + 1) ** 0.99
    sums[i] = sum
  }
  for (let i = 0; i < KEYS; i++) sums[i]! /= sum
  return sums
}
