/** The programs that join tables by a foreign key. */
import { serdes, type KTable, type StreamsBuilder } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { named, num, out, pair, plus, program, rows, texts, word, zero, type Text } from './kit.ts'

type Rows = KTable<string, string, true>

const left = (b: StreamsBuilder): Rows => b.table(rows('left'), { store: 'l' })
const right = (b: StreamsBuilder): Rows => b.table(rows('right'), { store: 'r' })
const table = (b: StreamsBuilder, name: string): Rows => b.table(rows(name), { store: name })

/** One of so many keys. */
const modulo = (n: number) => (v: string) => `k${num(v) % n}`

/** The options of a join named fk, kept in store o. */
const kept = { name: 'fk', store: 'o', value: serdes.string } as const

/** The keys that strings sort differently than bytes. */
const ODD = ['', 'k', 'k0', 'k00', 'é', 'ｚ', '\u{1f600}']

const leftJoined = program((b) =>
  left(b)
    .leftJoin(right(b), pair, { ...kept, foreignKey: (v): Text => (num(v) % 5 === 0 ? null : `k${num(v) % 4}`) })
    .toStream()
    .to(out()),
)

/** By id. */
export const foreignKeys: Record<string, Program> = {
  'foreign-key-inner': program((b) =>
    left(b)
      .join(right(b), pair, { ...kept, foreignKey: modulo(4) })
      .toStream()
      .to(out()),
  ),
  'foreign-key-left': leftJoined,
  'foreign-key-rocksdb': leftJoined,
  'foreign-key-inner-null': program((b) =>
    left(b)
      .join(right(b), pair, { ...kept, foreignKey: (v): Text => (num(v) % 3 === 0 ? null : `k${num(v) % 2}`) })
      .toStream()
      .to(out()),
  ),
  'foreign-key-same-key': program((b) =>
    left(b)
      .join(right(b), pair, { name: 'fk', foreignKey: modulo(2) })
      .toStream()
      .to(out()),
  ),
  'foreign-key-from-key': program((b) =>
    left(b)
      .leftJoin(right(b), pair, { ...kept, foreignKey: (v, k) => (num(v) % 2 === 0 ? k : 'k0') })
      .toStream()
      .to(out()),
  ),
  'foreign-key-unnamed': program((b) =>
    b
      .table(rows('left'))
      .join(b.table(rows('right')), pair, { ...texts, foreignKey: modulo(4) })
      .toStream()
      .to(out()),
  ),
  'foreign-key-odd-keys': program((b) =>
    left(b)
      .join(right(b), pair, { ...kept, foreignKey: (v) => ODD[num(v) % 7]! })
      .toStream()
      .to(out()),
  ),
  'foreign-key-self': program((b) => {
    const t: Rows = b.table(rows('in'), { store: 't' })
    t.leftJoin(t, pair, { ...kept, foreignKey: modulo(4) })
      .toStream()
      .to(out())
  }),
  'foreign-key-chain': program((b) =>
    table(b, 'a')
      .join(table(b, 'b'), pair, { name: 'fk1', store: 'o1', value: serdes.string, foreignKey: modulo(4) })
      .leftJoin(table(b, 'c'), pair, { name: 'fk2', store: 'o2', value: serdes.string, foreignKey: (v) => `k${v.length % 4}` })
      .toStream()
      .to(out()),
  ),
  'foreign-key-then-group-by': program((b) =>
    left(b)
      .join(right(b), pair, { name: 'fk', ...texts, foreignKey: modulo(4) })
      .groupBy((v): [string, string] => [word(v), v], named('g'))
      .aggregate(zero, plus, (a, v) => `${a}-${v}`, { store: 's', value: serdes.string })
      .toStream()
      .to(out()),
  ),
  'foreign-key-filtered': program((b) =>
    left(b)
      .filter((v) => num(v) % 3 !== 0)
      .join(
        right(b).mapValues((v): Text => (num(v) % 2 === 0 ? null : `${v}!`), { value: serdes.string }),
        pair,
        { ...kept, foreignKey: modulo(4) },
      )
      .toStream()
      .to(out()),
  ),
}
