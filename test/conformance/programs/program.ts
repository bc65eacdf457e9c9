/** The programs that put many operators together. */
import { joinWindow, serdes, session, tumbling } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import {
  input,
  named,
  num,
  out,
  outLong,
  outSession,
  outWindowedLong,
  pair,
  plus,
  program,
  rows,
  withKeys,
  word,
  zero,
  type Text,
} from './kit.ts'

const join = { within: joinWindow(10).grace(5), name: 'j', store: 'j' } as const
const merge = (a: string, b: string): string => `(${a}|${b})`

/** By id. */
export const wholes: Record<string, Program> = {
  'join-then-table-then-foreign-key': program((b) =>
    withKeys(b.stream(input('a')))
      .join(withKeys(b.stream(input('b'))), pair, { ...join, value: serdes.string })
      .toTable({ store: 'p' })
      .leftJoin(b.table(rows('c'), { store: 'c' }), pair, {
        name: 'fk',
        store: 'o',
        value: serdes.string,
        foreignKey: (v) => `k${num(v) % 4}`,
      })
      .toStream()
      .to(out()),
  ),
  'orders-payments': program((b) => {
    const t = b.table(rows('table'), { store: 't' })
    withKeys(b.stream(input('left')))
      .leftJoin(withKeys(b.stream(input('right'))), pair, { ...join, value: serdes.string })
      .leftJoin(t, pair, { name: 'e', value: serdes.string })
      .groupByKey(named('g'))
      .windowedBy(session(5).grace(20))
      .aggregate(zero, plus, { store: 's', value: serdes.string, merge })
      .toStream()
      .to(outSession())
  }),
  'everything-optimized': program((b) => {
    const t = b.table(rows('table'), { store: 't' })
    const re = b.stream(input('a')).selectKey((v): Text => word(v), { key: serdes.string })
    re.groupByKey(named('g1')).count({ store: 's1' }).toStream().to(outLong('out1'))
    re.mapValues((v) => `${v}!`, { value: serdes.string })
      .groupByKey(named('g2'))
      .windowedBy(tumbling(10).grace(5))
      .count({ store: 's2' })
      .toStream()
      .to(outWindowedLong(10, 'out2'))
    withKeys(b.stream(input('b')))
      .leftJoin(t, pair, { name: 'j' })
      .to(out('out3'))
    t.groupBy((v): [string, string] => [word(v), v], named('g3'))
      .count({ store: 's3' })
      .toStream()
      .to(outLong('out4'))
  }),
}
