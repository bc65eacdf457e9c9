/** The programs of the groups `aggregate` and `program` that need no later operator. */
import { keyValueStore, otherwise, serdes, tumbling, type KStream } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { append, even, input, named, num, out, outLong, plus, program, rows, texts, withKeys, word, zero, type Text } from './kit.ts'

const count = program((b) => b.stream(input('in')).groupByKey(texts).count({ store: 's' }).toStream().to(outLong()))

/** A count into a store kept in some way. */
function countIn(options: { readonly format?: 'headers'; readonly maxEntries?: number }): Program {
  const store = keyValueStore('s', { key: serdes.string, value: serdes.long, ...options })
  return program((b) => b.stream(input('in')).groupByKey(texts).count({ store }).toStream().to(outLong()))
}

const twice = program((b) => {
  const re = b.stream(input('in')).selectKey((v): Text => word(v))
  re.groupByKey(named('g1')).count({ store: 's1' }).toStream().to(outLong('out1'))
  re.groupByKey(named('g2'))
    .reduce((a, v) => `${a}+${v}`, { store: 's2' })
    .toStream()
    .to(out('out2'))
})

/** By id. */
export const aggregates: Record<string, Program> = {
  count,
  'count-epoch': count,
  'count-odd-keys': count,
  'count-rocksdb': count,
  'count-header-stores': countIn({ format: 'headers' }),
  'count-lru': countIn({ maxEntries: 2 }),
  'count-logging-disabled': program((b) =>
    b
      .stream(input('in'))
      .groupByKey(texts)
      .count({ store: { kind: 'keyValue', name: 's', changelog: false } })
      .toStream()
      .to(outLong()),
  ),
  'group-by-count': program((b) =>
    b
      .stream(input('in'))
      .groupBy((v) => word(v), texts)
      .count({ store: 's' })
      .toStream()
      .to(outLong()),
  ),
  'group-by-null-key': program((b) =>
    b
      .stream(input('in'))
      .groupBy((v) => (num(v) % 3 === 0 ? null : word(v)), named('g'))
      .count({ store: 's' })
      .toStream()
      .to(outLong()),
  ),
  'rekey-is-lazy': program((b) =>
    b
      .stream(input('in'))
      .selectKey((v): Text => word(v))
      .mapValues((v): Text => `${v}!`)
      .filter((v) => num(v) % 5 !== 0)
      .groupByKey(named('g'))
      .count({ store: 's' })
      .toStream()
      .to(outLong()),
  ),
  reduce: program((b) =>
    b
      .stream(input('in'))
      .groupByKey(texts)
      .reduce((a, v) => `${a}+${v}`, { store: 's' })
      .toStream()
      .to(out()),
  ),
  'reduce-null': program((b) =>
    b
      .stream(input('in'))
      .groupByKey(texts)
      .reduce((a, v) => (num(v) % 5 === 0 ? null : `${a}+${v}`), { store: 's' })
      .toStream()
      .to(out()),
  ),
  aggregate: program((b) =>
    b.stream(input('in')).groupByKey(texts).aggregate(zero, append, { store: 's', value: serdes.string }).toStream().to(out()),
  ),
  'aggregate-null-initializer': program((b) =>
    b
      .stream(input('in'))
      .groupByKey(texts)
      .aggregate(
        (): Text => null,
        (a, v): Text => (num(v) % 6 === 0 ? null : a === null ? v : `${a}+${v}`),
        { store: 's', value: serdes.string },
      )
      .toStream()
      .to(out()),
  ),
  'aggregate-empty-values': program((b) =>
    b.stream(input('in')).groupByKey(texts).aggregate(zero, plus, { store: 's', value: serdes.string }).toStream().to(out()),
  ),
  'aggregate-unnamed-store': program((b) =>
    b.stream(input('in')).groupByKey(texts).aggregate(zero, plus, { value: serdes.string }).toStream().to(out()),
  ),
  'word-count': program((b) =>
    b
      .stream(input('in'))
      .flatMapValues((v): Text[] => javaSplit((v === null ? '' : `${v} the ${word(v)}`).trim()))
      .groupBy((w) => w, named('words'))
      .count({ store: 'counts' })
      .toStream()
      .to(outLong()),
  ),
  'two-aggregations-one-key': twice,
  'two-aggregations-one-key-optimized': twice,
  'optimized-value-change': program((b) => {
    const re = b.stream(input('in')).selectKey((v): Text => word(v))
    re.mapValues((v): Text => `${v}!`)
      .groupByKey(named('g1'))
      .count({ store: 's1' })
      .toStream()
      .to(outLong('out1'))
    re.filter(even)
      .groupByKey(named('g2'))
      .reduce((a, v) => `${a}+${v}`, { store: 's2' })
      .toStream()
      .to(out('out2'))
  }),
  'same-grouped-twice': program((b) => {
    const g = b
      .stream(input('in'))
      .selectKey((v): Text => word(v))
      .groupByKey(named('g'))
    g.count({ store: 's1' }).toStream().to(outLong('out1'))
    g.reduce((a, v) => `${a}+${v}`, { store: 's2' })
      .toStream()
      .to(out('out2'))
  }),
  'aggregate-diamond': program((b) => {
    const stream = b.stream(input('in'))
    const t = stream.groupByKey(texts).count({ store: 's' })
    withKeys(stream)
      .join(t, (v, n) => `${v}#${n}`, { name: 'j' })
      .to(out())
  }),
  'branch-count-merge': program((b) => {
    const m = b.stream(input('in')).split({ even: (v) => even(v), odd: otherwise }, { name: 's-' })
    const counts = (s: KStream<Text, Text>, name: string): KStream<Text, Text> =>
      s
        .groupByKey(named(name))
        .windowedBy(tumbling(10).grace(5))
        .count({ store: `${name}-s` })
        .toStream()
        .map((n, w): [Text, Text] => [w.key, `${name}${n}`])
    const evens = counts(m.even, 'even')
    const odds = counts(m.odd, 'odd')
    evens.merge(odds).to(out())
  }),
  'enrich-then-window': program((b) =>
    withKeys(b.stream(input('stream')))
      .leftJoin(b.table(rows('table'), { store: 't' }), (l, r): Text => `${l}${r === null ? '0' : num(r) % 3}`, { name: 'j' })
      .groupBy((v) => word(v), named('g'))
      .windowedBy(tumbling(10).grace(5))
      .count({ store: 's' })
      .toStream()
      .map((n, w): [Text, number] => [`${w.key}@${w.window.start}`, n])
      .to(outLong()),
  ),
}

/** Java's `split("\\s+")`: the empty text is one empty word. */
function javaSplit(text: string): string[] {
  return text.split(/\s+/)
}
