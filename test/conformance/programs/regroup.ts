/** The programs that regroup tables, and those of the groups `aggregate` and `program` that do so. */
import { serdes, type KGroupedTable, type StreamsBuilder } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { append, input, named, num, out, outLong, plus, program, rows, tail, texts, withKeys, word, zero, type Text } from './kit.ts'

/** Appends with a minus. */
const minus = (a: string, v: Text): string => `${a}-${v}`

const byWord = (value: string): [string, string] => [word(value), value]

const rowsByWord = (b: StreamsBuilder): KGroupedTable<string, string> => b.table(rows('in'), { store: 't' }).groupBy(byWord, texts)

const appended = program((b) => rowsByWord(b).aggregate(zero, plus, minus, { store: 's', value: serdes.string }).toStream().to(out()))

const countOfCounts = program((b) =>
  withKeys(b.stream(input('in')))
    .groupByKey(texts)
    .count({ store: 's' })
    .groupBy((n) => [`n${n % 4}`, n], { name: 'g', key: serdes.string, value: serdes.long })
    .count({ store: 's2' })
    .toStream()
    .to(outLong()),
)

const oldValue = program((b) =>
  withKeys(b.stream(input('in')))
    .groupByKey(texts)
    .aggregate(zero, append, { store: 's', value: serdes.string })
    .groupBy((a) => ['all', a], named('g'))
    .aggregate(
      () => 'I',
      (a, v) => tail(plus(a, v)),
      (a, v) => tail(minus(a, v)),
      { store: 's2', value: serdes.string },
    )
    .toStream()
    .to(out()),
)

/** By id. */
export const regroups: Record<string, Program> = {
  'table-group-by-count': program((b) => rowsByWord(b).count({ store: 's' }).toStream().to(outLong())),
  'table-group-by-aggregate': appended,
  'table-group-by-cached': appended,
  'table-group-by-reduce': program((b) => rowsByWord(b).reduce(plus, minus, { store: 's' }).toStream().to(out())),
  'table-group-by-same-key': program((b) =>
    b
      .table(rows('in'), { store: 't' })
      .groupBy((v, k) => [k, v], texts)
      .aggregate(zero, plus, minus, { store: 's', value: serdes.string })
      .toStream()
      .to(out()),
  ),
  'table-group-by-null': program((b) =>
    b
      .table(rows('in'), { store: 't' })
      .groupBy((v): [Text, Text] => (num(v) % 3 === 0 ? [null, v] : [word(v), num(v) % 3 === 1 ? null : v]), named('g'))
      .aggregate(zero, plus, minus, { store: 's', value: serdes.string })
      .toStream()
      .to(out()),
  ),
  'table-group-by-clearing': program((b) =>
    b
      .table(rows('in'), { store: 't' })
      .groupBy(byWord, named('g'))
      .aggregate(zero, append, (a, v) => (num(v) % 5 === 0 ? null : minus(a, v)), { store: 's', value: serdes.string })
      .toStream()
      .to(out()),
  ),
  'table-reduce-clearing': program((b) =>
    b
      .table(rows('in'), { store: 't' })
      .groupBy(byWord, named('g'))
      .reduce(plus, (a, v) => (num(v) % 2 === 0 ? null : minus(a, v)), { store: 's' })
      .toStream()
      .to(out()),
  ),
  'table-view-group-by': program((b) =>
    b
      .table(rows('in'))
      .filter((v) => num(v) % 4 !== 0)
      .mapValues((v) => `${v}!`)
      .groupBy(byWord, named('g'))
      .aggregate(zero, plus, minus, { store: 's', value: serdes.string })
      .toStream()
      .to(out()),
  ),
  'table-group-by-twice': program((b) => {
    const grouped = b.table(rows('in'), { store: 't' }).groupBy(byWord, named('g'))
    grouped.count({ store: 's1' }).toStream().to(outLong('out1'))
    grouped.reduce(plus, minus, { store: 's2' }).toStream().to(out('out2'))
  }),
  'table-group-by-unnamed': program((b) => b.table(rows('in')).groupBy(byWord, texts).count().toStream().to(outLong())),
  'count-of-counts': countOfCounts,
  'count-of-counts-cached': countOfCounts,
  'regroup-old-value': oldValue,
  'regroup-old-value-cached': oldValue,
}
