/** Tables in chains: foreign keys on aggregates, views on views, regroupings, caches. */
import { keyValueStore, serdes, untilTimeLimit, type FixedKeyProcessor, type KTable, type StreamsBuilder } from '../../../src/index.ts'
import type { FixedKeyProcessorContext } from '../../../src/topology/processor.ts'
import type { Program } from '../replay.ts'
import {
  even,
  input,
  named,
  num,
  out,
  outLong,
  outWindowed,
  pair,
  program,
  rows,
  tail,
  texts,
  word,
  zero,
  type Text,
} from '../programs/kit.ts'
import { numbering } from '../programs/table.ts'
import { by4, equals, grouped, kept, len, t10g5, table, tappend, tminus, tplus } from './kit.ts'

const by4OrNull = (v: string): Text => (num(v) % 5 === 0 ? null : by4(v))
const length = (v: string, n: number): string => `${v.length % n}`
const limit = { name: 'limit' }

const fkRegrouped = program((b) => {
  const x = grouped(b, 'a').reduce(tplus, { store: 'x' })
  const y = grouped(b, 'b').count({ store: 'y' })
  x.leftJoin(y, (s, n) => tail(`${s}#${n}`), { name: 'fk', ...texts, foreignKey: (v) => `k${v.length % 3}` })
    .groupBy((v): [string, string] => [length(v, 5), v], named('g'))
    .aggregate(zero, tplus, tminus, kept('s'))
    .toStream()
    .to(out())
})

const viewsJoined = program((b) => {
  const a = b
    .table(rows('a'))
    .filter((v) => num(v) % 4 !== 0)
    .mapValues((v) => `${v}!`)
  const r = table(b, 'b')
    .mapValues((v) => `${v}?`)
    .filter((v) => num(v) % 3 !== 0)
  a.leftJoin(r, pair)
    .outerJoin(b.table(rows('c')).filter(even, { store: 'f' }), equals)
    .mapValues((v) => `${word(v)}${v.length}`)
    .groupBy((v): [string, string] => [length(v, 3), v], named('g'))
    .reduce(tplus, tminus, { store: 's' })
    .toStream()
    .to(out())
})

const regroupOfRegroup = program((b) =>
  b
    .table(rows('in'), { store: 't' })
    .groupBy((v): [string, string] => [word(v), v], named('g1'))
    .count({ store: 's1' })
    .groupBy((n, k): [string, string] => [`n${n % 3}`, k], named('g2'))
    .reduce(tplus, tminus, { store: 's2' })
    .filter((v) => v.length % 2 === 0, { store: 'f' })
    .mapValues((v) => `${v}!`)
    .toStream()
    .to(out()),
)

const outerCascade = program((b) =>
  table(b, 'a')
    .outerJoin(table(b, 'b'), pair, kept('o1'))
    .outerJoin(table(b, 'c'), pair)
    .outerJoin(table(b, 'd'), pair, kept('o2'))
    .toStream()
    .to(out()),
)

/** Counts all calls of a key, those for deletes too. */
function transformed(b: StreamsBuilder): KTable<string, string, boolean> {
  const counts = keyValueStore('n', { key: serdes.string, value: serdes.long, format: 'plain' })
  return table(b, 'a').processValues(() => numbering(counts), { stores: [counts] })
}

/** Appends the key. */
function keyed(): FixedKeyProcessor<string, Text, string> {
  let context: FixedKeyProcessorContext<string, string>
  return {
    init: (given) => {
      context = given
    },
    process: (record) => context.forward(record.withValue(`${record.value}#${record.key}`)),
  }
}

const foreign: Record<string, Program> = {
  'fk-on-aggregate': program((b) =>
    grouped(b, 'a')
      .aggregate<string, Text>(zero, tappend, kept('s'))
      .leftJoin(table(b, 'b'), pair, { name: 'fk', ...kept('o'), foreignKey: len })
      .toStream()
      .to(out()),
  ),
  'fk-to-aggregate': program((b) =>
    table(b, 'a')
      .join(grouped(b, 'b').count({ store: 'n' }), (l, n) => `${l}#${n}`, { name: 'fk', foreignKey: (v) => `k${num(v) % 3}` })
      .toStream()
      .to(out()),
  ),
  'fk-aggregates-regrouped': fkRegrouped,
  'fk-aggregates-regrouped-cached': fkRegrouped,
  'fk-windowed-left': program((b) =>
    grouped(b, 'a')
      .windowedBy(t10g5)
      .count({ store: 's' })
      .leftJoin(table(b, 'b'), (n, v) => `${n}&${v}`, { name: 'fk', foreignKey: (_n, w) => w.key })
      .toStream()
      .to(outWindowed(10)),
  ),
  'fk-tree': program((b) => {
    const t = b.table(rows('in'), { store: 't' })
    t.join(t, pair, { name: 'fk1', ...texts, foreignKey: by4 })
      .leftJoin(t, pair, { name: 'fk2', ...texts, foreignKey: len })
      .toStream()
      .to(out())
  }),
  'fk-then-outer-join': program((b) =>
    b
      .table(rows('a'))
      .join(b.table(rows('b')), pair, { ...texts, foreignKey: by4 })
      .outerJoin(b.table(rows('c')), equals)
      .toStream()
      .to(out()),
  ),
  'fk-optimized': program((b) => {
    const x = table(b, 'a')
    x.leftJoin(table(b, 'b'), pair, { name: 'fk', ...kept('o'), foreignKey: by4OrNull })
      .toStream()
      .to(out())
    x.filter(even).toStream().to(out('out2'))
  }),
  'fk-cached': program((b) =>
    table(b, 'a')
      .leftJoin(table(b, 'b'), pair, { name: 'fk', ...kept('o'), foreignKey: by4OrNull })
      .toStream()
      .to(out()),
  ),
  'fk-suppressed-left': program((b) =>
    table(b, 'a')
      .suppress(untilTimeLimit(8), limit)
      .leftJoin(table(b, 'b'), pair, { name: 'fk', ...kept('o'), foreignKey: by4 })
      .toStream()
      .to(out()),
  ),
  'fk-two-joins-one-table': program((b) => {
    const x = table(b, 'a')
    x.join(table(b, 'b'), pair, { name: 'fk1', foreignKey: by4 }).toStream().to(out('out1'))
    x.leftJoin(table(b, 'c'), pair, { name: 'fk2', foreignKey: (v): Text => (word(v) === 'ant' ? null : `k${num(v) % 3}`) })
      .toStream()
      .to(out('out2'))
  }),
  'fk-joiner-null': program((b) =>
    table(b, 'a')
      .leftJoin(table(b, 'b'), (l, r): Text => (r !== null && (num(l) + num(r)) % 2 === 0 ? null : pair(l, r)), {
        name: 'fk',
        ...kept('o'),
        foreignKey: by4,
      })
      .mapValues((v) => `${v}!`)
      .toStream()
      .to(out()),
  ),
}

const views: Record<string, Program> = {
  'views-on-views': program((b) =>
    b
      .table(rows('in'))
      .filter((v) => num(v) % 5 !== 0)
      .mapValues((v) => `${v}!`)
      .filterNot((v) => num(v) % 3 === 0)
      .mapValues((v, k) => `${k}=${v}`, kept('m'))
      .filter(even)
      .toStream()
      .to(out()),
  ),
  'views-joined': viewsJoined,
  'views-joined-cached': viewsJoined,
  'views-joined-rocksdb': viewsJoined,
  'views-joined-optimized': viewsJoined,
  'transformed-joined': program((b) => table(b, 'a').processValues(keyed).leftJoin(table(b, 'b'), pair, kept('o')).toStream().to(out())),
  'transformed-regrouped': program((b) =>
    transformed(b)
      .groupBy((v): [string, string] => [word(v), v], named('g'))
      .aggregate(zero, tplus, tminus, kept('s'))
      .toStream()
      .to(out()),
  ),
  'regroup-of-regroup': regroupOfRegroup,
  'regroup-of-regroup-cached': regroupOfRegroup,
  'outer-cascade': outerCascade,
  'outer-cascade-cached': outerCascade,
  'null-joiner-cascade': program((b) =>
    table(b, 'a')
      .leftJoin(table(b, 'b'), (l, r): Text => (num(l) % 3 === 0 ? null : pair(l, r)))
      .outerJoin(table(b, 'c'), pair)
      .toStream()
      .to(out()),
  ),
  'join-thrice': program((b) => {
    const t = b.table(rows('in'), { store: 't' })
    t.join(
      t.mapValues((v) => `${v}!`),
      pair,
    )
      .leftJoin(t.filter(even, { store: 'f' }), pair)
      .toStream()
      .to(out())
  }),
  'join-aggregated-joined': program((b) => {
    const j = table(b, 'a').leftJoin(table(b, 'b'), pair)
    j.join(j.toStream().groupByKey(named('g')).count({ store: 'n' }), (v, n) => `${v}#${n}`, kept('o'))
      .toStream()
      .to(out())
  }),
  'caching-disabled-among-caches': program((b) => {
    const x = grouped(b, 'in')
    const s1 = keyValueStore('s1', { key: serdes.string, value: serdes.long, cacheBytes: 0 })
    const o = keyValueStore('o', { ...texts, cacheBytes: 0 })
    x.count({ store: s1 })
      .mapValues((n) => `n${n}`, kept('m'))
      .outerJoin(x.reduce(tplus, { store: 's2' }), pair, { store: o })
      .toStream()
      .to(out())
  }),
  'tables-generated-names': program((b) =>
    b
      .table(rows('a'))
      .filter(even, { value: serdes.string })
      .join(
        b.table(rows('b')).mapValues((v) => `${v}!`),
        pair,
        texts,
      )
      .leftJoin(b.table(rows('c')), pair, { ...texts, foreignKey: len })
      .groupBy((v): [string, string] => [word(v), v], texts)
      .count()
      .toStream()
      .to(outLong()),
  ),
}

const sources: Record<string, Program> = {
  'to-table-diamond': program((b) => {
    const t = b.stream(input('in')).toTable({ store: 't' })
    const u = t
      .filter((v) => num(v) % 3 !== 0)
      .toStream()
      .selectKey((v) => word(v), { key: serdes.string })
      .toTable({ name: 'tt', store: 'u' })
    t.toStream()
      .selectKey((v) => word(v), { key: serdes.string })
      .leftJoin(u, pair, { name: 'j' })
      .to(out())
  }),
  'table-over-windows': program((b) => {
    const n = grouped(b, 'in').windowedBy(t10g5).count({ store: 's' })
    const w = n.toStream().toTable({ store: 'w' })
    w.leftJoin(n, (x, y) => `${x}/${y}`)
      .toStream()
      .to(outWindowed(10))
  }),
  'global-and-aggregate': program((b) => {
    const gt = b.globalTable(rows('table'), { store: 'gt' })
    b.stream(input('stream'))
      .leftJoin(gt, pair, { key: (v) => `k${num(v) % 3}`, value: serdes.string })
      .groupBy((v) => word(v), named('g'))
      .aggregate(zero, tplus, kept('s'))
      .filter((v) => v.length % 2 === 0)
      .toStream()
      .join(gt, equals, { key: (v) => (v === null ? null : `k${v.length % 3}`) })
      .to(out())
  }),
  'source-written-by-sink': program((b) => {
    b.stream(input('in'))
      .mapValues((v): Text => (v === null ? null : `${v}!`))
      .to(out('mid'))
    b.table(rows('mid'), { store: 'm' }).filter(even).toStream().to(out())
  }),
}

/** By id. */
export const mixedTables: Record<string, Program> = { ...foreign, ...views, ...sources }
