/** Deduplication as the DSL calls it: the store that fits what the call says, and its step, behind a repartition where the key was changed. */
import { serdes } from '../model/serdes.ts'
import type { AnySerde, Serde } from '../model/serde.ts'
import { deduplicate, deduplicationStore } from '../operators/deduplicate.ts'
import type { RecordFunction } from '../operators/stateless.ts'
import { erased, type Parts } from './handle.ts'
import type { DeduplicateOptions } from './options.ts'
import { missing } from './passes/internal-topic.ts'

/** Appends the step and answers the place behind it; what is wrong with it is added to the builder's mistakes. @internal */
export function deduplicated<K, V, I>(parts: Parts, idOf: RecordFunction<K, V, I | null>, options: DeduplicateOptions<K>): Parts {
  const { graph, call, value } = parts
  const key = erased(options.key) ?? parts.key
  const { name, onError, store: storeName, changelog, within: withinMs, grace: graceMs = 0 } = options
  const mistake = wrong(idOf, options, key)
  if (mistake !== undefined) graph.mistakes.push({ ...mistake, ...(name === undefined ? {} : { node: name }) })
  const store = deduplicationStore<K, I>(
    { key: keySerde(key), id: serdes.json<I>(), value: serdes.string },
    {
      withinMs,
      graceMs,
      ...(storeName === undefined ? {} : { name: storeName }),
      ...(changelog === undefined ? {} : { changelog }),
    },
  )
  const operator = deduplicate<K, V, I>({ idOf, withinMs, graceMs, store })
  return { ...parts, key, call: graph.add({ kind: 'step', name, operator, parents: [call], key, value, onError }) }
}

function wrong(
  idOf: unknown,
  { within, grace = 0 }: Pick<DeduplicateOptions<never>, 'within' | 'grace'>,
  key: AnySerde | undefined,
): { readonly code: 'ARGUMENT_INVALID' | 'SERDE_MISSING'; readonly message: string } | undefined {
  if (typeof idOf !== 'function' || !isDuration(within) || !isDuration(grace)) {
    const message =
      'deduplicate(…) needs a function that answers an id, and times in whole milliseconds, at least 0, as deduplicate((order) => order.id, { within: minutes(10), grace: minutes(1) })'
    return { code: 'ARGUMENT_INVALID', message }
  }
  if (key !== undefined) return undefined
  const message = 'deduplicate(…) keeps keys, so it needs their serde: give it { key: serdes.string }, or give it where the key was made'
  return { code: 'SERDE_MISSING', message }
}

function isDuration(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms >= 0
}

/** Sound because this is the serde of the stream's keys. */
function keySerde<K>(key: AnySerde | undefined): Serde<K> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return (key ?? missing) as Serde<K>
}
