/** The programs of the group `stateless`. */
import { otherwise, serdes, topic, tumbling, type Serde, type Topic } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { even, input, named, num, out, outLong, outWindowedLong, program, texts, word, type Text } from './kit.ts'

const nullable = <V>(v: Text, f: (v: string) => V): V | null => (v === null ? null : f(v))

/** A sink of one serde. */
const sink = <V>(name: string, value: Serde<V>): Topic<Text, V | null> => topic(name, { key: serdes.string, value, nullable: 'both' })

/** By id. */
export const stateless: Record<string, Program> = {
  filter: program((b) => b.stream(input('in')).filter(even).to(out())),
  'filter-not': program((b) => b.stream(input('in')).filterNot(even).to(out())),
  map: program((b) =>
    b
      .stream(input('in'))
      .map((v, k): [Text, Text] => [word(v), `${k}/${v}`])
      .to(out()),
  ),
  'map-values': program((b) =>
    b
      .stream(input('in'))
      .mapValues((v, k) => (v === null ? null : `${v}@${k}`))
      .to(out()),
  ),
  'flat-map': program((b) =>
    b
      .stream(input('in'))
      .flatMap((v, k) => Array.from({ length: num(v) % 3 }, (_, i): [Text, Text] => [`${k}${i}`, v]))
      .to(out()),
  ),
  'flat-map-values': program((b) =>
    b
      .stream(input('in'))
      .flatMapValues((v) => Array.from({ length: num(v) % 3 }, (_, i): Text => `${v}.${i}`))
      .to(out()),
  ),
  'flat-map-values-with-key': program((b) =>
    b
      .stream(input('in'))
      .flatMapValues((v, k): Text[] => [`${k}<${v}`, null])
      .to(out()),
  ),
  'select-key': program((b) =>
    b
      .stream(input('in'))
      .selectKey((v): Text => word(v))
      .to(out()),
  ),
  'select-key-null': program((b) =>
    b
      .stream(input('in'))
      .selectKey((v): Text => (num(v) % 3 === 0 ? null : word(v)))
      .to(out()),
  ),
  'peek-foreach': program((b) => {
    const s = b.stream(input('in')).peek(() => {})
    s.forEach(() => {})
    s.to(out())
  }),
  'topic-pattern': program((b) =>
    b
      .stream(/in-.*/, { ...texts, nullable: 'both' })
      .mapValues((v): Text => `${v}!`)
      .to(out()),
  ),
  merge: program((b) =>
    b
      .stream(input('a'))
      .merge(b.stream(input('b')))
      .to(out()),
  ),
  'merge-rekeyed': program((b) =>
    b
      .stream(input('a'))
      .merge(b.stream(input('b')).selectKey((v): Text => word(v)))
      .merge(b.stream(input('c')))
      .groupByKey(named('g'))
      .count({ store: 's' })
      .toStream()
      .to(outLong()),
  ),
  'two-topics-one-stream': program((b) =>
    b
      .stream([input('a'), input('b')])
      .mapValues((v): Text => `${v}!`)
      .to(out()),
  ),
  'same-topic-twice': program((b) => {
    b.stream(input('in'))
      .mapValues((v): Text => `${v}1`)
      .to(out())
    b.stream(input('in'))
      .mapValues((v): Text => `${v}2`)
      .to(out())
  }),
  'depth-first': program((b) => {
    const s = b.stream(input('in'))
    const x = s.mapValues((v): Text => `${v}a`)
    x.mapValues((v): Text => `${v}b`).to(out())
    x.mapValues((v): Text => `${v}c`).to(out())
    s.mapValues((v): Text => `${v}d`).to(out())
  }),
  'branch-default': program((b) => {
    const m = b.stream(input('in')).split({ even: (v) => even(v), third: (v) => num(v) % 3 === 0, rest: otherwise }, { name: 's-' })
    m.even.to(out('even'))
    m.third.to(out('third'))
    m.rest.to(out('rest'))
  }),
  'branch-no-default': program((b) => {
    const m = b.stream(input('in')).split({ even: (v) => even(v), third: (v) => num(v) % 3 === 0 }, { name: 's-' })
    m.even.to(out('even'))
    m.third.to(out('third'))
  }),
  'branch-functions': program((b) => {
    const at = (n: number) => (v: Text) => num(v) % 4 === n
    const m = b.stream(input('in')).split(
      {
        consumed: { when: at(0), through: (s) => s.mapValues((v): Text => `${v}c`).to(out('consumed')) },
        mapped: { when: at(1), through: (s) => s.mapValues((v): Text => `${v}f`) },
        plain: at(2),
        rest: otherwise,
      },
      { numbered: true },
    )
    m.rest.to(out('m-KSTREAM-BRANCH-00000000010'))
    m.mapped.to(out('m-KSTREAM-BRANCH-00000000012'))
    m.plain.to(out('m-KSTREAM-BRANCH-00000000013'))
  }),
  'branch-merge-order': program((b) => {
    const m = b.stream(input('in')).split({ even: (v) => even(v), rest: otherwise }, { name: 's-' })
    m.rest
      .mapValues((v): Text => `${v}r`)
      .merge(m.even.mapValues((v): Text => `${v}e`))
      .to(out())
  }),
  'dynamic-sink': program((b) => b.stream(input('in')).to((v) => `out-${num(v) % 2}`)),
  'dynamic-sink-context': program((b) =>
    b
      .stream([input('a'), input('b')])
      .to((_v, _k, record) => `out-${record.topic}-${record.offset % 2}${record.headers.length > 0 ? '-h' : ''}`),
  ),
  'sink-partitioner': program((b) =>
    b.stream(input('in')).to(out(), { partitioner: (v) => (num(v) % 3 === 0 ? [] : num(v) % 3 === 1 ? [0] : undefined) }),
  ),
  'explicit-repartition': program((b) =>
    b
      .stream(input('in'))
      .selectKey((v): Text => word(v))
      .repartition(named('re'))
      .mapValues((v): Text => `${v}!`)
      .to(out()),
  ),
  'repartition-partitions': program((b) =>
    b
      .stream(input('in'))
      .selectKey((v): Text => word(v))
      .repartition({ ...named('re'), partitions: 4, partitioner: () => 0 })
      .to(out()),
  ),
  'repartition-unnamed': program((b) => b.stream(input('in')).repartition(texts).repartition(texts).to(out())),
  'repartition-headers': program((b) =>
    b
      .stream(input('in'))
      .filter(even)
      .selectKey((v): Text => word(v))
      .repartition(named('re'))
      .mapValues((v): Text => `${v}!`)
      .filterNot((v) => num(v) % 4 === 0)
      .to(out()),
  ),
  'extractor-negative': program((b) =>
    b.stream(input('in'), { timestamp: (v, _k, record) => (num(v) % 9 === 0 ? -1 : record.timestamp + (num(v) % 7)) }).to(out()),
  ),
  'extractor-partition-time': program((b) =>
    b.stream(input('in'), { timestamp: (v, _k, record, partitionTime) => (num(v) % 3 === 1 ? partitionTime : record.timestamp) }).to(out()),
  ),
  'extractor-then-window': program((b) =>
    b
      .stream(input('in'), { timestamp: (v, _k, record) => record.timestamp + 5 * (num(v) % 4) })
      .groupByKey(texts)
      .windowedBy(tumbling(10).grace(5))
      .count({ store: 's' })
      .toStream()
      .to(outWindowedLong(10)),
  ),
  serdes: program((b) => {
    const s = b.stream(input('in'))
    s.mapValues((v) => nullable(v, (t) => num(t))).to(sink('out-short', serdes.short))
    s.mapValues((v) => nullable(v, (t) => 0 - num(t))).to(sink('out-int', serdes.integer))
    s.mapValues((v) => nullable(v, (t) => num(t) * 2 ** 40 + num(t))).to(sink('out-long', serdes.long))
    s.mapValues((v) => nullable(v, (t) => num(t) / 8)).to(sink('out-float', serdes.float))
    s.mapValues((v) => nullable(v, (t) => -num(t) / 3)).to(sink('out-double', serdes.double))
    s.mapValues((v) => nullable(v, (t) => num(t) % 2 === 0)).to(sink('out-boolean', serdes.boolean))
    s.mapValues((v) => nullable(v, (t): Uint8Array => new TextEncoder().encode(word(t)))).to(sink('out-bytes', serdes.bytes))
    s.mapValues((v) => nullable(v, (t) => uuidOf(num(t)))).to(sink('out-uuid', serdes.uuid))
    s.mapValues((v) => nullable(v, (t) => [word(t), null, t])).to(sink('out-list', serdes.list(serdes.string)))
    s.mapValues((): null => null).to(topic('out-void', { key: serdes.string, value: serdes.void, nullable: 'both' }))
  }),
  'odd-keys-stateless': program((b) =>
    b
      .stream(input('in'))
      .mapValues((v, k): Text => `${v}|${k}`)
      .to(out()),
  ),
  'names-everything': program((b) =>
    b
      .stream(input('in'), { name: 'src' })
      .filter(even, { name: 'f' })
      .mapValues((v): Text => `${v}!`, { name: 'mv' })
      .selectKey((v): Text => word(v), { name: 'sk' })
      .repartition(named('rp'))
      .peek(() => {}, { name: 'pk' })
      .merge(b.stream(input('other'), { name: 'src2' }), { name: 'mg' })
      .groupByKey(named('gb'))
      .count({ name: 'ct', store: 's' })
      .filter((n) => n % 2 === 1, { name: 'cf' })
      .toStream({ name: 'ts' })
      .mapValues((n) => n, { name: 'ms' })
      .to(outLong(), { name: 'snk' }),
  ),
  'names-generated': program((b) => {
    const s = b
      .stream(input('in'))
      .filter(even)
      .mapValues((v): Text => `${v}!`)
      .peek(() => {})
      .flatMap((v): [Text, Text][] => [[word(v), v]])
    s.merge(b.stream(input('other')))
      .groupByKey(texts)
      .count()
      .toStream()
      .to(outLong())
    s.split({ first: (v) => num(v) % 4 === 0, rest: otherwise }, { numbered: true }).first.to(out('out1'))
    s.groupBy((_v, k): Text => `${k}x`, texts)
      .reduce((a, v) => `${a}+${v}`, texts)
      .toStream()
      .to(out('out2'))
  }),
}

/** Java's `new UUID(n, ~n)` as text. */
function uuidOf(n: number): string {
  const most = BigInt.asUintN(64, BigInt(n)).toString(16).padStart(16, '0')
  const least = BigInt.asUintN(64, ~BigInt(n)).toString(16).padStart(16, '0')
  return `${most.slice(0, 8)}-${most.slice(8, 12)}-${most.slice(12)}-${least.slice(0, 4)}-${least.slice(4)}`
}
