/** Streams in chains with record caches, and what the optimizer moves. */
import {
  hopping,
  joinWindow,
  otherwise,
  serdes,
  session,
  sliding,
  untilTimeLimit,
  untilWindowCloses,
  type KStream,
  type KTable,
  type Windowed,
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
  outSessionLong,
  outWindowed,
  outWindowedLong,
  pair,
  program,
  rows,
  texts,
  withKeys,
  word,
  zero,
  type Text,
} from '../programs/kit.ts'
import {
  final,
  grouped,
  kept,
  longs,
  sessions,
  sessionStoreOf,
  t10g5,
  table,
  tadd,
  tappend,
  text,
  tmerge,
  tminus,
  tplus,
  windowStoreOf,
} from './kit.ts'

const emit = 'on-window-close'
const slides = sliding(10).grace(8)

/** Counts of windows, by their keys. */
function regrouped(windows: KTable<Windowed<string>, number, boolean>): void {
  windows
    .groupBy((n, w): [string, number] => [w.key, n], longs('g'))
    .aggregate(
      zero,
      (a, n) => tplus(a, String(n)),
      (a, n) => tminus(a, String(n)),
      kept('s2'),
    )
    .toStream()
    .to(out())
}

/** With record caches. */
export const mixedCaches: Record<string, Program> = {
  'suppress-tumbling-cached': program((b) =>
    grouped(b, 'in')
      .windowedBy(t10g5)
      .aggregate<string, Text>(zero, tappend, kept('s'))
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outWindowed(10)),
  ),
  'suppress-hopping-cached': program((b) =>
    grouped(b, 'in')
      .windowedBy(hopping(10, { advance: 3 }).grace(20))
      .count({ store: 's' })
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outWindowedLong(10)),
  ),
  'suppress-sliding-cached': program((b) =>
    grouped(b, 'in')
      .windowedBy(slides)
      .aggregate(zero, tplus, { store: windowStoreOf('s'), ...text })
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outWindowed(10)),
  ),
  'suppress-session-cached': program((b) =>
    grouped(b, 'in')
      .windowedBy(sessions)
      .aggregate(zero, tplus, { store: sessionStoreOf('s'), ...text, merge: tmerge })
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outSession()),
  ),
  'suppress-limit-cached': program((b) =>
    grouped(b, 'in')
      .count({ store: 's' })
      .suppress(untilTimeLimit(9), { name: 'limit' })
      .mapValues((n) => `n${n}`)
      .toStream()
      .to(out()),
  ),
  'on-close-tumbling-cached': program((b) =>
    grouped(b, 'in')
      .windowedBy(t10g5)
      .count({ store: windowStoreOf('s'), emit })
      .toStream()
      .to(outWindowedLong(10)),
  ),
  'on-close-sliding-cached': program((b) =>
    grouped(b, 'in')
      .windowedBy(slides)
      .aggregate(zero, tplus, { store: windowStoreOf('s'), ...text, emit })
      .toStream()
      .to(outWindowed(10)),
  ),
  'on-close-session-cached': program((b) =>
    grouped(b, 'in')
      .windowedBy(sessions)
      .count({ store: sessionStoreOf('s'), emit })
      .toStream()
      .to(outSessionLong()),
  ),
  'cogroup-cached': program((b) =>
    grouped(b, 'a')
      .cogroup<string>(tplus)
      .cogroup(grouped(b, 'b'), tminus)
      .aggregate(zero, kept('s'))
      .groupBy((v): [string, string] => [`l${v.length % 3}`, v], named('g'))
      .aggregate(zero, tplus, tminus, kept('s2'))
      .toStream()
      .to(out()),
  ),
  'windowed-join-cached': program((b) => {
    const x = grouped(b, 'a').windowedBy(t10g5).count({ store: 'x' })
    const y = grouped(b, 'b').windowedBy(t10g5).reduce(tadd, { store: 'y' })
    x.outerJoin(y, (n, s) => `${n}&${s}`)
      .toStream()
      .to(outWindowed(10))
  }),
  'windowed-regroup-cached': program((b) =>
    regrouped(
      grouped(b, 'in')
        .windowedBy(hopping(10, { advance: 4 }).grace(5))
        .count({ store: 's' }),
    ),
  ),
  'session-regroup-cached': program((b) => regrouped(grouped(b, 'in').windowedBy(sessions).count({ store: 's' }))),
  'windows-rocksdb-cached': program((b) => {
    const x = grouped(b, 'in')
    x.windowedBy(hopping(60_000, { advance: 20_000 }).grace(30_000))
      .aggregate(zero, tplus, kept('s1'))
      .toStream()
      .to(outWindowed(60_000, 'out1'))
    x.windowedBy(session(25_000).grace(60_000))
      .aggregate(zero, tplus, { ...kept('s2'), merge: tmerge })
      .toStream()
      .to(outSession('out2'))
    x.windowedBy(sliding(30_000).grace(60_000)).aggregate(zero, tplus, kept('s3')).toStream().to(outWindowed(30_000, 'out3'))
  }),
}

type Texts = KStream<Text, Text>

const fiveWays = program((b) => {
  const re: Texts = b.stream(input('in')).selectKey((v): Text => word(v), { key: serdes.string })
  re.flatMapValues((v): Text[] => [v, `${v}!`])
    .groupByKey(texts)
    .count()
    .toStream()
    .to(outLong('out1'))
  re.toTable(texts).toStream().to(out('out2'))
  withKeys(re)
    .leftJoin(b.table(rows('table'), { store: 't' }), pair)
    .to(out('out3'))
  re.join(b.stream(input('other')), pair, { within: joinWindow(10).grace(5) }).to(out('out4'))
  re.groupByKey(texts).windowedBy(t10g5).reduce(tadd).toStream().to(outWindowed(10, 'out5'))
})

const groupedTwice = program((b) => {
  const other: Texts = b.stream(input('a')).selectKey((v): Text => word(v))
  const m = other.merge(b.stream(input('b')).map((v): [Text, Text] => [word(v), `${v}b`]))
  m.groupByKey(named('g1')).count({ store: 's1' }).toStream().to(outLong('out1'))
  m.mapValues((v): Text => `${v}!`)
    .groupByKey(named('g2'))
    .reduce(tadd, { store: 's2' })
    .toStream()
    .to(out('out2'))
  m.to(out('out3'), texts)
})

const reused = program((b) => {
  const x = table(b, 'a')
  const y = table(b, 'b')
  x.join(y, pair).toStream().to(out('out1'))
  x.groupBy((v): [string, string] => [word(v), v], named('g'))
    .count({ store: 's' })
    .toStream()
    .to(outLong('out2'))
  withKeys(b.stream(input('c')))
    .leftJoin(y, pair, { name: 'j' })
    .to(out('out3'))
  y.filter(even, { store: 'f' })
    .toStream()
    .selectKey((v): Text => word(v))
    .groupByKey(named('h'))
    .count({ store: 'n' })
    .toStream()
    .to(outLong('out4'))
})

/** What the optimizer moves, and twins of it without. */
export const mixedOptimized: Record<string, Program> = {
  'rekeyed-five-ways': fiveWays,
  'rekeyed-five-ways-optimized': fiveWays,
  'merged-rekeyed-grouped-twice': groupedTwice,
  'merged-rekeyed-grouped-twice-optimized': groupedTwice,
  'tables-reused': reused,
  'tables-reused-optimized': reused,
  'branches-rekeyed': program((b) => {
    const m = b
      .stream(input('in'))
      .selectKey((v): Text => word(v))
      .split({ even: (v) => even(v), third: (v) => num(v) % 3 === 0, rest: otherwise }, { name: 's-' })
    m.even.groupByKey(named('g1')).count({ store: 's1' }).toStream().to(outLong('out1'))
    m.third.groupByKey(named('g2')).count({ store: 's2' }).toStream().to(outLong('out2'))
    m.rest
      .mapValues((v): Text => `${v}r`)
      .merge(m.even)
      .groupByKey(named('g3'))
      .count({ store: 's3' })
      .toStream()
      .to(outLong('out3'))
  }),
  'rekey-of-rekey-optimized': program((b) => {
    const x = b.stream(input('in')).selectKey((v): Text => word(v))
    x.groupByKey(named('g1')).count({ store: 's1' }).toStream().to(outLong('out1'))
    const y = x.selectKey((v, k): Text => `${k}${num(v) % 2}`)
    y.groupByKey(named('g2')).count({ store: 's2' }).toStream().to(outLong('out2'))
    y.mapValues((v): Text => `${v}!`)
      .groupByKey(named('g3'))
      .reduce(tadd, { store: 's3' })
      .toStream()
      .to(out('out3'))
  }),
}
