/** The programs with versioned stores: by themselves, as tables, and below a stream's join with grace. */
import {
  serdes,
  versionedStore,
  type LookupOptions,
  type StreamsBuilder,
  type Versioned,
  type VersionedKeyValueStore,
  type VersionedStoreSpec,
} from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { each, even, input, named, now, num, out, pair, plus, program, rows, texts, withKeys, word, zero, type Text } from './kit.ts'

const versioned = (name: string, historyMs: number): VersionedStoreSpec<string, string> => versionedStore(name, { ...texts, historyMs })

/** What a put answers, as the JVM says it. */
function putText(validTo: number | undefined): string {
  if (validTo === undefined) return '-9223372036854775808'
  return validTo === Number.POSITIVE_INFINITY ? '-1' : String(validTo)
}

/** The JVM's typed face forgets until when a version held. */
const foundText = (found: Versioned<string> | undefined): string => (found === undefined ? 'null' : `${found.value}@${found.validFrom}-`)

function answer(s: VersionedKeyValueStore<string, string>, k: string, v: Text, ts: number): string {
  if (num(v) % 3 !== 0 || v === null) return putText(now(s.put(k, v, ts)))
  switch (num(v) % 4) {
    case 0:
      return foundText(now(s.delete(k, ts)))
    case 1:
      return foundText(now(s.get(k)))
    case 2:
      return foundText(now(s.get(k, ts)))
    default:
      return foundText(now(s.get(k, ts - 10)))
  }
}

const operations = (historyMs: number): Program =>
  program((b) => {
    const s = versioned('s', historyMs)
    b.addStateStore(s)
    b.stream(input('in'))
      .process<Text, Text>(
        each((r, c) => {
          if (r.key !== null) void c.forward(r.withValue<Text>(answer(c.store(s), r.key, r.value, r.timestamp)))
        }),
        { stores: [s] },
      )
      .to(out())
  })

/** A stream joined with a versioned table. */
const lookUp = (how: 'join' | 'leftJoin', historyMs: number, options: LookupOptions<string>): Program =>
  program((b) => {
    const stream = withKeys(b.stream(input('stream')))
    const table = b.table(rows('table'), { store: versioned('t', historyMs) })
    const joined = how === 'join' ? stream.join(table, pair, options) : stream.leftJoin(table, pair, options)
    joined.to(out())
  })

const table = (b: StreamsBuilder, historyMs: number) => b.table(rows('in'), { store: versioned('t', historyMs) })

/** By id. */
export const versions: Record<string, Program> = {
  'store-versioned': operations(30),
  'store-versioned-long': operations(100_000),
  'stream-table-versioned': lookUp('leftJoin', 30, { name: 'j' }),
  'stream-table-grace': lookUp('join', 60, { name: 'j', grace: 10 }),
  'stream-table-grace-left': lookUp('leftJoin', 60, { grace: 12 }),
  'stream-table-grace-left-null-key': lookUp('leftJoin', 60, { name: 'j', grace: 10 }),
  'stream-table-grace-zero': lookUp('leftJoin', 60, { name: 'j', grace: 0 }),
  'table-versioned': program((b) => table(b, 15).filter(even).toStream().to(out())),
  'table-versioned-group-by': program((b) =>
    table(b, 20)
      .groupBy((v) => [word(v), v], named('g'))
      .aggregate(zero, plus, (a, v) => `${a}-${v}`, { store: 's', value: serdes.string })
      .toStream()
      .to(out()),
  ),
  'table-versioned-join': program((b) =>
    b
      .table(rows('left'), { store: versioned('l', 20) })
      .leftJoin(b.table(rows('right'), { store: versioned('r', 20) }), pair, { store: 'o', value: serdes.string })
      .toStream()
      .to(out()),
  ),
  'foreign-key-versioned': program((b) =>
    b
      .table(rows('left'), { store: versioned('l', 20) })
      .leftJoin(b.table(rows('right'), { store: versioned('r', 20) }), pair, {
        name: 'fk',
        store: 'o',
        value: serdes.string,
        foreignKey: (v): Text => `k${num(v) % 4}`,
      })
      .toStream()
      .to(out()),
  ),
  'table-versioned-map': program((b) =>
    table(b, 20)
      .mapValues((v) => `${v}!`, { store: versioned('m', 20) })
      .toStream()
      .to(out()),
  ),
}
