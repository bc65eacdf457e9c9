/** The programs of the groups `table` and `stream-table join`, and what makes tables of streams. */
import { keyValueStore, serdes, type FixedKeyProcessor, type KeyValueStoreSpec } from '../../../src/index.ts'
import type { FixedKeyProcessorContext } from '../../../src/topology/processor.ts'
import type { Program } from '../replay.ts'
import { even, input, named, now, num, out, outLong, pair, program, rows, withKeys, word, type Text } from './kit.ts'

/** By id. */
export const tables: Record<string, Program> = {
  'to-table': program((b) => b.stream(input('in')).toTable({ store: 't' }).toStream().to(out())),
  'to-table-rekeyed': program((b) =>
    b
      .stream(input('in'))
      .selectKey((v): Text => word(v), { key: serdes.string })
      .toTable({ store: 't' })
      .toStream()
      .to(out()),
  ),
  'to-table-unmaterialized': program((b) =>
    b
      .stream(input('in'))
      .toTable({ name: 'tt' })
      .mapValues((v) => `${v}!`)
      .toStream()
      .to(out()),
  ),
  'stream-table-inner': program((b) =>
    withKeys(b.stream(input('stream')))
      .join(b.table(rows('table'), { store: 't' }), pair, { name: 'j' })
      .to(out()),
  ),
  'stream-table-left': program((b) =>
    withKeys(b.stream(input('stream')))
      .leftJoin(b.table(rows('table'), { store: 't' }), pair, { name: 'j' })
      .to(out()),
  ),
  'stream-table-rekeyed': program((b) =>
    b
      .stream(input('stream'))
      .selectKey((v) => `k${num(v) % 3}`, { key: serdes.string })
      .leftJoin(b.table(rows('table'), { store: 't' }), pair, { name: 'j' })
      .to(out()),
  ),
  'stream-table-null-mapped': program((b) => {
    const s = withKeys(b.stream(input('stream')).selectKey((v) => (num(v) % 3 === 0 ? null : `k${num(v) % 3}`), { key: serdes.string }))
    const t = b.table(rows('table'), { store: 't' })
    s.leftJoin(t, pair, { name: 'j1' }).to(out('left'))
    s.join(t, pair, { name: 'j2' }).to(out('inner'))
  }),
  'stream-table-key-joiner': program((b) =>
    withKeys(b.stream(input('stream')))
      .leftJoin(b.table(rows('table'), { store: 't' }), (l, r, k) => `${k}:${l}&${r}`)
      .to(out()),
  ),
  'stream-table-view': program((b) =>
    withKeys(b.stream(input('stream')))
      .leftJoin(
        b
          .table(rows('table'), { store: 't' })
          .filter(even)
          .mapValues((v) => `${v}!`),
        pair,
        { name: 'j' },
      )
      .to(out()),
  ),
  'stream-table-own': program((b) => {
    const s = b.stream(input('in'))
    withKeys(s)
      .leftJoin(s.filter(even).toTable({ store: 't' }), pair, { name: 'j' })
      .to(out())
  }),
  'table-to-stream': program((b) => b.table(rows('in'), { store: 't' }).toStream().to(out())),
  'table-to-stream-mapper': program((b) =>
    b
      .table(rows('in'), { store: 't' })
      .toStream({ key: (v): Text => word(v) })
      .groupByKey(named('g'))
      .count({ store: 's' })
      .toStream()
      .to(outLong()),
  ),
  'table-unmaterialized': program((b) => b.table(rows('in')).toStream().to(out())),
  'table-source-topic-changelog': program((b) =>
    b
      .table(rows('in'), { store: 't' })
      .mapValues((v) => `${v}!`)
      .toStream()
      .to(out()),
  ),
  'table-filter': program((b) => b.table(rows('in'), { store: 't' }).filter(even).toStream().to(out())),
  'table-filter-not': program((b) => b.table(rows('in'), { store: 't' }).filterNot(even, { name: 'fn' }).toStream().to(out())),
  'table-names': program((b) =>
    b
      .table(rows('in'), { name: 'src', store: 't' })
      .filter(even, { name: 'f' })
      .mapValues((v) => `${v}!`, { name: 'm', store: 'ms', value: serdes.string })
      .toStream({ name: 'ts', key: (v): Text => word(v) })
      .to(out(), { name: 'snk' }),
  ),
  'table-filter-serdes-only': program((b) =>
    b
      .table(rows('in'), { store: 't' })
      .filter(even, { value: serdes.string })
      .mapValues((v) => `${v}!`, { value: serdes.string })
      .toStream()
      .to(out()),
  ),
  'table-odd-keys': mappedTable(),
  'table-rocksdb': mappedTable(),
  'table-map-values': mappedTable(),
  'table-header-stores': program((b) => {
    const kept = (name: string) => keyValueStore(name, { key: serdes.string, value: serdes.string, format: 'headers' })
    b.table(rows('in'), { store: kept('t') })
      .mapValues((v) => `${v}!`, { store: kept('m') })
      .toStream()
      .to(out())
  }),
  'table-transform-values': transformed(),
  'table-transform-values-materialized': transformed('tv'),
  'table-filter-materialized': program((b) => b.table(rows('in')).filter(even, { store: 'f' }).toStream().to(out())),
  'table-cached': program((b) =>
    b
      .table(rows('in'), { store: 't' })
      .filter(even, { store: 'f' })
      .mapValues((v) => `${v}!`)
      .toStream()
      .to(out()),
  ),
  'table-map-values-with-key': program((b) =>
    b
      .table(rows('in'), { store: 't' })
      .mapValues((v, k): Text => (num(v) % 5 === 0 ? null : `${k}=${v}`))
      .toStream()
      .to(out()),
  ),
}

/** Counts all calls of a key, those for deletes too. */
function transformed(store?: string): Program {
  const counts = keyValueStore('n', { key: serdes.string, value: serdes.long, format: 'plain' })
  return program((b) =>
    b
      .table(rows('in'), { store: 't' })
      .processValues(() => numbering(counts), {
        stores: [counts],
        ...(store === undefined ? {} : { store, value: serdes.string }),
      })
      .toStream()
      .to(out()),
  )
}

/** Appends to each value how many times it was called for its key. */
export function numbering(counts: KeyValueStoreSpec<string, number>): FixedKeyProcessor<string, Text, string> {
  let context: FixedKeyProcessorContext<string, string>
  return {
    init: (given) => {
      context = given
    },
    process: (record) => {
      const store = context.store(counts)
      const n = (now(store.get(record.key)) ?? 0) + 1
      store.put(record.key, n)
      return context.forward(record.withValue(`${record.value}#${n}`))
    },
  }
}

function mappedTable(): Program {
  return program((b) =>
    b
      .table(rows('in'), { store: 't' })
      .mapValues((v) => `${v}!`, { store: 'm', value: serdes.string })
      .toStream()
      .to(out()),
  )
}
