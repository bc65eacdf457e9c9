/** The programs that join tables by key. */
import { serdes, type KTable, type StreamsBuilder } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { even, input, named, num, out, pair, plus, program, rows, texts, withKeys, word, zero, type Text } from './kit.ts'

type Rows = KTable<string, string, true>

const left = (b: StreamsBuilder): Rows => b.table(rows('left'), { store: 'l' })
const right = (b: StreamsBuilder): Rows => b.table(rows('right'), { store: 'r' })
const table = (b: StreamsBuilder, name: string): Rows => b.table(rows(name), { store: name })

/** A materialised result. */
const kept = { store: 'o', value: serdes.string } as const

const outer = program((b) => left(b).outerJoin(right(b), pair, kept).toStream().to(out()))

/** By id. */
export const tableJoins: Record<string, Program> = {
  'table-table-inner': program((b) => left(b).join(right(b), pair).toStream().to(out())),
  'table-table-left': program((b) => left(b).leftJoin(right(b), pair).toStream().to(out())),
  'table-table-outer': program((b) => left(b).outerJoin(right(b), pair).toStream().to(out())),
  'table-table-inner-materialized': program((b) =>
    left(b)
      .join(right(b), pair, { ...kept, name: 'tj' })
      .toStream()
      .to(out()),
  ),
  'table-table-left-materialized': program((b) => left(b).leftJoin(right(b), pair, kept).toStream().to(out())),
  'table-table-outer-materialized': outer,
  'table-table-cached': outer,
  'table-table-joiner-null': program((b) =>
    left(b)
      .outerJoin(right(b), (l, r): Text => (l !== null && r !== null && (num(l) + num(r)) % 2 === 0 ? null : pair(l, r)), kept)
      .toStream()
      .to(out()),
  ),
  'table-table-unnamed': program((b) =>
    b
      .table(rows('left'))
      .join(b.table(rows('right')), pair, texts)
      .toStream()
      .to(out()),
  ),
  'table-table-three-way': program((b) => table(b, 'a').leftJoin(table(b, 'b'), pair).outerJoin(table(b, 'c'), pair).toStream().to(out())),
  'table-table-star': program((b) => {
    const x = table(b, 'a')
    x.join(table(b, 'b'), pair)
      .outerJoin(x.leftJoin(table(b, 'c'), pair), (l, r) => `${l}=${r}`, kept)
      .toStream()
      .to(out())
  }),
  'table-self-join': program((b) => {
    const t: Rows = b.table(rows('in'), { store: 't' })
    t.outerJoin(t.filter(even), pair).toStream().to(out())
  }),
  'table-filter-then-join': program((b) =>
    left(b)
      .filter(even)
      .leftJoin(
        right(b).mapValues((v) => `${v}!`),
        pair,
      )
      .toStream()
      .to(out()),
  ),
  'table-join-then-group-by': program((b) =>
    left(b)
      .outerJoin(right(b), pair)
      .groupBy((v): [string, string] => [word(v), v], named('g'))
      .aggregate(zero, plus, (a, v) => `${a}-${v}`, { store: 's', value: serdes.string })
      .toStream()
      .to(out()),
  ),
  'table-aggregate-join': program((b) =>
    withKeys(b.stream(input('a')))
      .groupByKey(texts)
      .count({ store: 'x' })
      .outerJoin(
        withKeys(b.stream(input('b')))
          .groupByKey(texts)
          .reduce(plus, { store: 'y' }),
        (n, s) => `${n}&${s}`,
        kept,
      )
      .toStream()
      .to(out()),
  ),
  'stream-table-joined-view': program((b) =>
    withKeys(b.stream(input('stream')))
      .leftJoin(left(b).outerJoin(right(b), pair), (l, r) => `${l}=${r}`, { name: 'j' })
      .to(out()),
  ),
}
