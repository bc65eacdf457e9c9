/** The grace of a stream's join with a table: what it needs of the table, and the buffer in which the stream's records wait. */
import type { AnySerde } from '../model/serde.ts'
import type { BufferStoreSpec } from '../state/store-spec.ts'
import type { TableReader } from '../topology/operator.ts'
import type { Parts } from './handle.ts'
import type { LookupOptions } from './options.ts'

/** A join's grace, in ms, with its buffer; what is wrong with it is added to the builder's mistakes. @internal */
export function graceOf<K, V>(
  { graph, key, value }: Parts,
  { versions }: Pick<TableReader<never, unknown>, 'versions'>,
  { grace: ms, name }: Pick<LookupOptions<unknown>, 'grace' | 'name'>,
): { readonly grace?: { readonly ms: number; readonly buffer: BufferStoreSpec<K, V> } } {
  if (ms === undefined) return {}
  const wrong = mistake(ms, versions?.historyMs)
  if (wrong !== undefined) graph.mistakes.push({ code: 'ARGUMENT_INVALID', message: wrong })
  return { grace: { ms, buffer: bufferOf(key, value, name) } }
}

/** Sound because these are the serdes of the stream whose records wait. */
function bufferOf<K, V>(key: AnySerde | undefined, value: AnySerde | undefined, name: string | undefined): BufferStoreSpec<K, V> {
  const named = name === undefined ? {} : { name: `${name}-Buffer` }
  const serdes = { ...(key === undefined ? {} : { key }), ...(value === undefined ? {} : { value }) }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return Object.freeze({ kind: 'buffer', keepsAll: true, ...named, ...serdes }) as BufferStoreSpec<K, V>
}

function mistake(ms: number, historyMs: number | undefined): string | undefined {
  if (!Number.isSafeInteger(ms) || ms < 0)
    return `join(table, …, { grace }): the grace is ${String(ms)}; give whole milliseconds, at least 0`
  if (historyMs === undefined)
    return "join(table, …, { grace }) needs a versioned table: give it a store: versionedStore('rows', { key, value, historyMs }), or leave out grace"
  if (historyMs < ms)
    return `join(table, …, { grace }): the table's history is ${historyMs} ms, less than the grace of ${ms} ms: give it more`
  return undefined
}
