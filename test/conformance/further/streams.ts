/** Streams in chains: joins of joins, windows after joins, suppress after everything, shapes of graphs. */
import {
  hopping,
  joinWindow,
  otherwise,
  serdes,
  session,
  sliding,
  tumbling,
  unlimited,
  untilTimeLimit,
  untilWindowCloses,
  type KStream,
} from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import {
  even,
  input,
  named,
  num,
  out,
  outLong,
  outSession,
  outWindowed,
  outWindowedLong,
  pair,
  program,
  rows,
  texts,
  windowText,
  withKeys,
  word,
  zero,
  type Text,
} from '../programs/kit.ts'
import {
  equals,
  final,
  grouped,
  kept,
  longs,
  sessions,
  sessionStoreOf,
  t10g5,
  table,
  tadd,
  text,
  tmerge,
  tminus,
  tpair,
  tplus,
  windowStoreOf,
} from './kit.ts'

type Texts = KStream<Text, Text>

const w10g5 = joinWindow(10).grace(5)
const asymmetric = w10g5.before(3).after(12)
const j = (name: string, within = w10g5) => ({ within, name, store: name, ...text }) as const

const selfJoins = program((b) => {
  const s: Texts = b.stream(input('in'))
  s.join(s, pair, { within: w10g5 }).to(out('out1'))
  s.leftJoin(s, pair, { within: joinWindow(4).grace(2) }).to(out('out2'))
  const m: Texts = s.mapValues((v): Text => `${v}!`, text)
  m.join(m, pair, j('j3', asymmetric)).to(out('out3'))
  const re: Texts = s.selectKey((v): Text => word(v), { key: serdes.string })
  re.join(re, pair, j('j4', joinWindow(5).grace(5))).to(out('out4'))
})

/** Streams that are joined. */
export const mixedJoins: Record<string, Program> = {
  'outer-join-then-hopping': program((b) =>
    b
      .stream(input('left'))
      .outerJoin(b.stream(input('right')), pair, j('j'))
      .groupBy((v) => word(v), named('g'))
      .windowedBy(hopping(12, { advance: 5 }).grace(20))
      .count({ store: 's' })
      .toStream()
      .to(outWindowedLong(12)),
  ),
  'join-of-joins': program((b) => {
    const left = withKeys(b.stream(input('a'))).leftJoin(withKeys(b.stream(input('b'))), pair, j('j1'))
    const right = withKeys(b.stream(input('c'))).join(withKeys(b.stream(input('d'))), pair, j('j2', joinWindow(6).grace(2)))
    left.outerJoin(right, equals, j('j3', joinWindow(20).grace(3))).to(out())
  }),
  'join-then-final-sessions': program((b) =>
    b
      .stream(input('left'))
      .leftJoin(b.stream(input('right')), pair, j('j'))
      .groupByKey(named('g'))
      .windowedBy(session(5).grace(20))
      .aggregate(zero, tplus, { store: sessionStoreOf('s'), ...text, merge: tmerge })
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outSession()),
  ),
  'self-join-of-halves': program((b) => {
    const s: Texts = b.stream(input('in'))
    const left = s.filter(even)
    const right = s.filterNot(even).mapValues((v): Text => `${v}?`, text)
    left.leftJoin(right, pair, { within: w10g5 }).to(out())
  }),
  'self-joins-several': selfJoins,
  'self-joins-several-optimized': selfJoins,
  'stream-table-global-chain': program((b) =>
    withKeys(b.stream(input('stream')))
      .leftJoin(table(b, 't1'), pair, { name: 'j1', ...text })
      .join(b.globalTable(rows('t2'), { store: 'g' }), pair, { key: (v) => `k${v.length % 3}`, ...text })
      .leftJoin(
        table(b, 't3').mapValues((v) => `${v}!`),
        equals,
        { name: 'j3', ...text },
      )
      .groupByKey(named('g'))
      .reduce(tadd, { store: 's' })
      .toStream()
      .to(out()),
  ),
  'join-minutes-rocksdb': program((b) =>
    b
      .stream(input('left'))
      .leftJoin(b.stream(input('right')), pair, j('j', joinWindow(40_000).grace(20_000)))
      .groupByKey(named('g'))
      .windowedBy(hopping(60_000, { advance: 20_000 }).grace(60_000))
      .aggregate(zero, tplus, kept('s'))
      .toStream()
      .to(outWindowed(60_000)),
  ),
  'join-cached': program((b) =>
    b
      .stream(input('left'))
      .outerJoin(b.stream(input('right')), pair, j('j'))
      .groupByKey(named('g'))
      .windowedBy(tumbling(10).grace(20))
      .count({ store: 's' })
      .toStream()
      .to(outWindowedLong(10)),
  ),
  'null-keys-everywhere': program((b) => {
    const a: Texts = b.stream(input('a')).selectKey((v): Text => (num(v) % 3 === 0 ? null : word(v)), { key: serdes.string })
    withKeys(a.outerJoin(b.stream(input('b')), pair, j('j1')))
      .leftJoin(b.table(rows('table'), { store: 't' }), (l, r): Text => pair(l, r), { name: 'j2', ...text })
      .merge(withKeys(a))
      .toTable({ store: 'm', ...texts })
      .toStream()
      .to(out())
  }),
  'asymmetric-late-cascade': program((b) =>
    b
      .stream(input('a'))
      .outerJoin(b.stream(input('b')), pair, j('j1', asymmetric))
      .outerJoin(b.stream(input('c')), pair, j('j2', joinWindow(8).before(0)))
      .to(out()),
  ),
}

/** Windows in chains. */
export const mixedWindows: Record<string, Program> = {
  'sessions-into-windows': program((b) =>
    grouped(b, 'in')
      .windowedBy(sessions)
      .count({ store: 's1' })
      .toStream()
      .map((n, w): [string, string] => [w.key, `${windowText(w)}${n}`])
      .groupByKey(named('g'))
      .windowedBy(tumbling(20).grace(30))
      .reduce(tadd, { store: 's2' })
      .toStream()
      .to(outWindowed(20)),
  ),
  'final-then-join': program((b) => {
    const x = grouped(b, 'a').windowedBy(t10g5).count({ store: 'x' }).suppress(untilWindowCloses(), final)
    x.outerJoin(grouped(b, 'b').windowedBy(t10g5).reduce(tadd, { store: 'y' }), (n, s) => `${n}&${s}`)
      .toStream()
      .to(outWindowed(10))
  }),
  'join-then-final': program((b) =>
    grouped(b, 'a')
      .windowedBy(t10g5)
      .count({ store: 'x' })
      .leftJoin(grouped(b, 'b').windowedBy(tumbling(10).grace(8)).count({ store: 'y' }), (n, m) => `${n}&${m}`, {
        key: serdes.timeWindowed(serdes.string, 10),
        ...text,
      })
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outWindowed(10)),
  ),
  'windows-into-windows': program((b) =>
    grouped(b, 'in')
      .windowedBy(t10g5)
      .count({ store: 's1' })
      .toStream()
      .map((n): [string, number] => ['all', n])
      .groupByKey(longs('g'))
      .windowedBy(hopping(40, { advance: 20 }).grace(20))
      .aggregate(zero, (a, n) => tplus(a, String(n)), kept('s2'))
      .suppress(untilWindowCloses(), final)
      .toStream({ key: (_v, w): Text => windowText(w) })
      .to(out()),
  ),
  'sliding-regrouped': program((b) =>
    grouped(b, 'in')
      .windowedBy(sliding(10).grace(8))
      .count({ store: 's1' })
      .filter((n) => n > 1)
      .groupBy((n, w): [string, number] => [w.key, n], longs('g'))
      .reduce(
        (x, n) => x + n,
        (x, n) => x - n,
        { store: 's2' },
      )
      .toStream()
      .to(outLong()),
  ),
  'sessions-regrouped-joined': program((b) =>
    grouped(b, 'in')
      .windowedBy(sessions)
      .reduce(tadd, { store: 's1' })
      .groupBy((_v, w): [string, string] => [w.key, windowText(w)], named('g'))
      .aggregate(zero, tplus, tminus, kept('s2'))
      .leftJoin(table(b, 'table'), pair, kept('o'))
      .toStream()
      .to(out()),
  ),
  'limit-on-windows-then-join': program((b) => {
    const hop = hopping(10, { advance: 5 }).grace(5)
    const x = grouped(b, 'a').windowedBy(hop).count({ store: 'x' }).suppress(untilTimeLimit(7), { name: 'limit' })
    const y = grouped(b, 'b')
      .windowedBy(hop)
      .count({ store: 'y' })
      .filter((n) => n % 2 === 1)
    x.join(y, (n, m) => `${n}&${m}`)
      .toStream()
      .to(outWindowed(10))
  }),
  'on-close-then-final': program((b) =>
    grouped(b, 'in')
      .windowedBy(t10g5)
      .count({ store: windowStoreOf('s1'), emit: 'on-window-close' })
      .mapValues((n) => n * 2, { value: serdes.long })
      .toStream()
      .map((n, w): [string, string] => [w.key, `${windowText(w)}${n}`])
      .groupByKey(named('g'))
      .windowedBy(sliding(15).grace(20))
      .reduce(tadd, { store: 's2' })
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outWindowed(15)),
  ),
  'cogroup-sessions-final': program((b) => {
    const x = grouped(b, 'a')
    x.cogroup<string>(tplus)
      .cogroup(
        b.stream(input('b')).groupBy((v) => word(v), named('gb')),
        tminus,
      )
      .cogroup(x, (a, v) => `${a}*${v}`.slice(-60))
      .windowedBy(sessions)
      .aggregate(zero, { store: sessionStoreOf('s'), ...text, merge: tmerge })
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outSession())
    b.stream(input('c')).to(out('out2'))
  }),
  'cogroup-then-join': program((b) => {
    const y = b.stream(input('b'))
    const x = grouped(b, 'a')
    const c = x.cogroup<string>(tplus).cogroup(y.groupByKey(texts), tminus).aggregate(zero, kept('s'))
    withKeys(y).leftJoin(c, tpair, { name: 'j' }).to(out('out1'))
    c.leftJoin(x.count({ store: 'n' }), (v, n) => `${v}#${n}`)
      .toStream()
      .to(out('out2'))
  }),
  'unlimited-and-global': program((b) =>
    grouped(b, 'stream')
      .windowedBy(unlimited(5))
      .reduce(tadd, { store: 's' })
      .toStream({ key: (_v, w) => w.key })
      .join(b.globalTable(rows('table'), { store: 'g' }), pair, { key: (_v, k) => k })
      .to(out()),
  ),
}

/** Shapes of graphs. */
export const mixedShapes: Record<string, Program> = {
  'repartition-chain': program((b) => {
    const r1 = b
      .stream(input('in'))
      .selectKey((v): Text => word(v))
      .repartition(named('r1'))
    withKeys(
      r1
        .map((v, k): [Text, Text] => [`${k}${num(v) % 2}`, `${v}1`])
        .repartition({ ...named('r2'), partitions: 3 })
        .selectKey((v): Text => word(v)),
    )
      .groupByKey(named('g'))
      .reduce(tadd, { store: 's' })
      .toStream()
      .repartition(named('r3'))
      .to(out())
    r1.filter(even).to(out('out2'))
  }),
  'deep-chain': program((b) => {
    let s = b.stream(input('in')).filter((v): v is string => v !== null, { name: 'n0' })
    for (let n = 1; n <= 5; n++) {
      s = s
        .mapValues((v) => `${v}${n}`, { name: `m${n}` })
        .peek(() => {})
        .flatMapValues((v, k) => (num(v) % 3 === 0 ? [v, `${k}/${v}`] : [v]), { name: `f${n}` })
        .filterNot((v) => v.length % 7 === n)
    }
    s.map((v, k): [Text, string] => [v, k!])
      .merge(s.filter(even), { name: 'mg' })
      .selectKey((_v, k) => `${k}!`)
      .print({ name: 'p' })
    s.to(out())
  }),
  'merge-with-itself': program((b) => {
    const s = b.stream(input('in'))
    s.merge(s)
      .merge(s.mapValues((v): Text => `${v}!`))
      .groupByKey(named('g'))
      .count({ store: 's' })
      .toStream()
      .to(outLong())
  }),
  'sink-feeds-source': program((b) => {
    b.stream(input('in'))
      .selectKey((v): Text => word(v))
      .to(out('mid'))
    b.stream(input('mid')).groupByKey(named('g')).count({ store: 's' }).toStream().to(outLong('counts'))
    b.stream(outLong('counts'))
      .filter((n) => n! % 2 === 0)
      .to(outLong())
  }),
  'dynamic-windowed-topics': program((b) =>
    grouped(b, 'in')
      .windowedBy(t10g5)
      .count({ store: 's' })
      .toStream()
      .to((_n, w, record) => `out-${(w.window.start / 10) % 3}${record.headers.length > 0 ? '-h' : ''}`),
  ),
  'branch-functions-deep': program((b) => {
    const m = b.stream(input('in')).split(
      {
        a: {
          when: (v) => num(v) % 4 === 0,
          through: (s) =>
            s
              .mapValues((v): Text => `${v}a`)
              .groupByKey(named('ga'))
              .count({ store: 'ca' })
              .toStream()
              .mapValues((n): Text => `n${n}`),
        },
        b: { when: (v) => num(v) % 4 === 1, through: (s) => s.selectKey((v): Text => word(v)) },
        rest: otherwise,
      },
      { name: 's-' },
    )
    m.a.merge(withKeys(m.b)).merge(withKeys(m.rest)).to(out())
  }),
  'word-count-joined-back': program((b) => {
    const s = b.stream(input('in')).filter((v): v is string => v !== null)
    const words = s
      .flatMapValues((v) => [word(v), v])
      .groupBy((v) => v, named('words'))
      .count({ store: 'counts' })
    s.selectKey((v) => word(v), { key: serdes.string })
      .join(words, (v, n) => `${v}=${n}`, { name: 'j' })
      .to(out())
  }),
  'several-subtopologies': program((b) => {
    const na = b
      .stream(input('a'))
      .groupBy((v) => word(v), named('ga'))
      .count({ store: 'na' })
    na.toStream().to(outLong('na-out'))
    b.stream(input('b'))
      .selectKey((v) => word(v), { key: serdes.string })
      .join(na, (v, n) => `${v}=${n}`, { name: 'jb' })
      .to(out('out-b'))
    b.stream(input('c'))
      .map((v): [string, Text] => [word(v), v], texts)
      .toTable({ name: 'tt', store: 'tc' })
      .join(na, (v, n) => `${v}#${n}`, kept('o'))
      .toStream()
      .to(out('out-c'))
  }),
}
