/** Versioned tables in chains: views, joins, lookups as of a time, foreign keys, aggregates into versioned stores. */
import { serdes, tumbling, versionedStore, type Serde, type VersionedStoreSpec } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { even, input, named, num, out, outLong, outWindowedLong, pair, program, rows, withKeys, zero, type Text } from '../programs/kit.ts'
import { by4, grouped, kept, len, table, tappend, tminus, tplus } from './kit.ts'

const versions = <V>(name: string, value: Serde<V>, historyMs: number): VersionedStoreSpec<string, V> =>
  versionedStore(name, { key: serdes.string, value, historyMs })

const textVersions = (name: string, historyMs: number): VersionedStoreSpec<string, string> => versions(name, serdes.string, historyMs)

/** By id. */
export const mixedVersions: Record<string, Program> = {
  'versioned-chain': program((b) =>
    b
      .table(rows('left'), { store: textVersions('l', 20) })
      .filter(even)
      .mapValues((v) => `${v}!`)
      .leftJoin(table(b, 'right'), pair, { store: textVersions('o', 20) })
      .toStream()
      .to(out()),
  ),
  'versioned-outer': program((b) => {
    const left = table(b, 'left')
    const right = b.table(rows('right'), { store: textVersions('r', 15) }).mapValues((v) => `${v}?`)
    left.outerJoin(right, pair).toStream().to(out())
  }),
  'versioned-aggregates': program((b) => {
    const x = grouped(b, 'in')
    x.count({ store: versions('n', serdes.long, 20) })
      .toStream()
      .to(outLong('out1'))
    x.reduce(tplus, { store: textVersions('r', 20) })
      .toStream()
      .to(out('out2'))
    x.aggregate<string, Text>(zero, tappend, { store: textVersions('a', 10) })
      .toStream()
      .to(out('out3'))
  }),
  'versioned-regrouped': program((b) =>
    b
      .table(rows('in'), { store: textVersions('t', 20) })
      .mapValues((v) => `${v}!`)
      .groupBy((v): [string, string] => [len(v), v], named('g'))
      .aggregate(zero, tplus, tminus, { store: textVersions('s', 20) })
      .filter((v) => v.length % 2 === 0)
      .toStream()
      .to(out()),
  ),
  'versioned-to-table-grace': program((b) => {
    const t = b.stream(input('in')).toTable({ store: textVersions('t', 60) })
    withKeys(b.stream(input('other')))
      .join(t, pair, { name: 'j', grace: 10, value: serdes.string })
      .groupByKey(named('g'))
      .windowedBy(tumbling(10).grace(20))
      .count({ store: 's' })
      .toStream()
      .to(outWindowedLong(10))
  }),
  'versioned-view-lookup': program((b) => {
    const s = withKeys(b.stream(input('stream')))
    const t = b.table(rows('table'), { store: textVersions('t', 30) })
    s.leftJoin(
      t.filter(even).mapValues((v) => `${v}!`),
      pair,
      { name: 'j' },
    ).to(out())
  }),
  'versioned-view-grace': program((b) => {
    const s = b.stream(input('stream')).selectKey((v) => `k${num(v) % 3}`, { key: serdes.string })
    const t = b.table(rows('table'), { store: textVersions('t', 30) }).mapValues((v) => `${v}!`, { store: textVersions('m', 40) })
    s.leftJoin(t, pair, { name: 'j', grace: 15 }).to(out())
  }),
  'versioned-fk-left-only': program((b) =>
    b
      .table(rows('left'), { store: textVersions('l', 20) })
      .join(table(b, 'right'), pair, { name: 'fk', ...kept('o'), foreignKey: by4 })
      .toStream()
      .to(out()),
  ),
  'versioned-fk-right-only': program((b) =>
    table(b, 'left')
      .leftJoin(b.table(rows('right'), { store: textVersions('r', 20) }), pair, {
        name: 'fk',
        store: textVersions('o', 20),
        foreignKey: by4,
      })
      .toStream()
      .to(out()),
  ),
  'versioned-cached': program((b) =>
    b
      .table(rows('left'), { store: textVersions('l', 20) })
      .leftJoin(table(b, 'right'), pair, kept('o'))
      .toStream()
      .to(out()),
  ),
}
