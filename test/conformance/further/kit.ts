/** What the further programs share besides `../programs/kit.ts`: values that are cut, so that nested aggregates don't explode. */
import {
  serdes,
  session,
  tumbling,
  type KGroupedStream,
  type KTable,
  type Serde,
  type SessionWindows,
  type StreamsBuilder,
  type TimeWindows,
} from '../../../src/index.ts'
import { input, num, rows, tail, texts, type Text } from '../programs/kit.ts'

/** Tumbling windows of 10 ms with a grace of 5 ms. */
export const t10g5: TimeWindows = tumbling(10).grace(5)

/** One of four keys, by the length of a text. */
export const len = (v: string): string => `k${v.length % 4}`

/** Appends. */
export const tplus = (a: string, v: Text): string => tail(`${a}+${v}`)

/** Appends; a number that 7 divides clears the aggregate. */
export const tappend = (a: string, v: Text): Text => {
  if (v === null) return tplus(a, v)
  return Number(v.replaceAll(/\D/g, '')) % 7 === 0 ? null : tplus(a, v)
}

/** Appends with a hyphen. */
export const tminus = (a: string, v: Text): string => tail(`${a}-${v}`)

/** Merges two sessions. */
export const tmerge = (a: string, b: string): string => tail(`(${a}|${b})`)

/** Joins two texts. */
export const tpair = (l: Text, r: Text): string => tail(`${l}&${r}`)

/** A table whose store is called as its topic. */
export const table = (b: StreamsBuilder, name: string): KTable<string, string, true> => b.table(rows(name), { store: name })

/** A stream, grouped by its keys. */
export const grouped = (b: StreamsBuilder, name: string): KGroupedStream<string, Text> => b.stream(input(name)).groupByKey(texts)

/** Options of a store of texts. */
export const kept = (store: string): { readonly store: string; readonly value: Serde<string> } => ({
  store,
  value: serdes.string,
})

/** Options of a grouping of counts. */
export const longs = (name: string): { readonly name: string; readonly key: Serde<string>; readonly value: Serde<number> } => ({
  name,
  key: serdes.string,
  value: serdes.long,
})

/** One of four keys, by the number of a text. */
export const by4 = (v: string): string => `k${num(v) % 4}`

/** A reducer that appends. */
export const tadd = (a: Text, v: Text): string => tail(`${a}+${v}`)

/** The serde of values that are texts. */
export const text: { readonly value: Serde<string> } = { value: serdes.string }

/** Options of a step that lets final results through. */
export const final: { readonly name: string } = { name: 'final' }

/** Joins what was joined. */
export const equals = (l: Text, r: Text): string => `${l}=${r}`

/** Sessions with a gap of 5 ms and a grace of 10 ms. */
export const sessions: SessionWindows = session(5).grace(10)

/** A store of sessions that keeps them for long. */
export const sessionStoreOf = (name: string): { readonly kind: 'session'; readonly name: string; readonly retentionMs: number } => ({
  kind: 'session',
  name,
  retentionMs: 1000,
})

/** A store of windows of 10 ms that keeps them for long. */
export const windowStoreOf = (
  name: string,
): { readonly kind: 'window'; readonly name: string; readonly sizeMs: number; readonly retentionMs: number } => ({
  kind: 'window',
  name,
  sizeMs: 10,
  retentionMs: 1000,
})
