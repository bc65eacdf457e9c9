/** Streams counted, reduced and aggregated in windows of random sizes: the topologies of the oracles in `naive-windows.ts`, and their folds. */
import * as fc from 'fast-check'
import { hopping, serdes, session, sliding, type KTable, type KStream, type Topic, type Windowed } from '../../../src/index.ts'
import { left } from './harness.ts'
import type { Fold, Sizes } from './naive-windows.ts'

/** The aggregations, by name. */
export const FOLDS: Readonly<Record<'counted' | 'reduced' | 'aggregated', Fold>> = {
  counted: { initial: '0', add: (sum) => String(Number(sum) + 1), merge: (one, other) => String(Number(one) + Number(other)) },
  reduced: { initial: undefined, add: (sum, value) => `${sum}+${value}`, merge: (one, other) => `${one}+${other}` },
  aggregated: {
    initial: '0',
    add: (sum, value, key) => (value?.[0] === 'z' ? null : `${sum}+${key}${value}`),
    merge: (one, other, key) => `(${one}|${other})${key}`,
  },
}

/** Windows of any sizes of some kinds. */
export function sizesOf(...kinds: readonly Sizes['kind'][]): fc.Arbitrary<Sizes> {
  return fc
    .record({
      kind: fc.constantFrom(...kinds),
      size: fc.nat(12),
      advance: fc.integer({ min: 1, max: 12 }),
      grace: fc.nat(10),
      parity: fc.boolean(),
    })
    .map(({ kind, size, advance, ...rest }) => {
      const atLeast = kind === 'hopping' ? Math.max(1, size) : size
      // At most four windows hold a record: more say nothing else, and take longer.
      const advances = Math.min(Math.max(advance, Math.ceil(atLeast / 4)), Math.max(1, atLeast))
      return { kind, size: atLeast, advance: advances, ...rest }
    })
}

/** A topic of windowed texts. */
export function windowedTopic(name: string, { kind, size }: Pick<Sizes, 'kind' | 'size'>): Topic<Windowed<string>, string | null> {
  const key = kind === 'session' ? serdes.sessionWindowed(serdes.string) : serdes.timeWindowed(serdes.string, size)
  return { name, key, value: serdes.string }
}

type Emit = 'every-update' | 'on-window-close'

/** The three tables, each made when it is called for. */
export function windowedTables(
  stream: KStream<string | null, string | null>,
  sizes: Sizes,
  emit: Emit,
): Readonly<Record<keyof typeof FOLDS, () => KTable<Windowed<string>, string, boolean>>> {
  const { kind, size, advance, grace } = sizes
  const options = { value: left.value, emit }
  const grouped = stream.groupByKey()
  const initial = (): string => '0'
  const { add, merge } = FOLDS.aggregated
  const reduce = (sum: string | null, value: string | null): string => FOLDS.reduced.add(sum ?? '', value, '') ?? ''
  if (kind === 'session') {
    const windows = grouped.windowedBy(session(size).grace(grace))
    return {
      counted: () => windows.count({ emit }).mapValues(String),
      reduced: () => windows.reduce(reduce, { emit }),
      aggregated: () => windows.aggregate(initial, add, { ...options, merge }),
    }
  }
  const windows =
    kind === 'sliding' ? grouped.windowedBy(sliding(size).grace(grace)) : grouped.windowedBy(hopping(size, { advance }).grace(grace))
  return {
    counted: () => windows.count({ emit }).mapValues(String),
    reduced: () => windows.reduce(reduce, { emit }),
    aggregated: () => windows.aggregate(initial, add, options),
  }
}
