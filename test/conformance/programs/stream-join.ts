/** The programs of the group `stream-stream join`. */
import {
  days,
  joinWindow,
  serdes,
  windowStore,
  type JoinWindows,
  type KStream,
  type StreamsBuilder,
  type WindowStoreSpec,
} from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { input, num, out, outLong, pair, program, withKeys, word, type Text } from './kit.ts'

type Texts = KStream<Text, Text>
type Kind = 'join' | 'leftJoin' | 'outerJoin'

const w10g5 = joinWindow(10).grace(5)
const asymmetric = w10g5.before(3).after(12)

/** The deprecated `JoinWindows.of`: a grace of a day, unmatched results at once. */
const eager10 = joinWindow(10)
  .grace(days(1) - 20)
  .eager()

/** The options of a join whose steps and stores are called `j…`. */
const named = (within: JoinWindows, name = 'j'): { readonly within: JoinWindows; readonly name: string; readonly store: string } => ({
  within,
  name,
  store: name,
})

const rekeyed = (b: StreamsBuilder, topic: string): Texts => b.stream(input(topic)).selectKey((v): Text => word(v), { key: serdes.string })

const thirds = (b: StreamsBuilder, topic: string): Texts =>
  b.stream(input(topic)).selectKey((v): Text => (num(v) % 3 === 0 ? null : word(v)), { key: serdes.string })

function joined(kind: Kind, within: JoinWindows): Program {
  return program((b) => {
    const [left, right]: [Texts, Texts] = [b.stream(input('left')), b.stream(input('right'))]
    const results = {
      join: () => left.join(right, pair, named(within)),
      leftJoin: () => left.leftJoin(right, pair, named(within)),
      outerJoin: () => left.outerJoin(right, pair, named(within)),
    }
    results[kind]().to(out())
  })
}

/** User-supplied stores of one side. */
const given = (name: string): WindowStoreSpec<string, string> =>
  windowStore(name, {
    key: serdes.string,
    value: serdes.string,
    sizeMs: 20,
    retentionMs: 25,
    duplicates: true,
    format: 'headers',
  })

const selfJoined = program((b) => {
  const s: Texts = b.stream(input('in'))
  s.join(s, pair, named(w10g5)).to(out())
})

/** By id. */
export const streamJoins: Record<string, Program> = {
  'stream-stream-inner': joined('join', w10g5),
  'stream-stream-left': joined('leftJoin', w10g5),
  'stream-stream-outer': joined('outerJoin', w10g5),
  'stream-stream-inner-asymmetric': joined('join', asymmetric),
  'stream-stream-left-asymmetric': joined('leftJoin', asymmetric),
  'stream-stream-outer-asymmetric': joined('outerJoin', asymmetric),
  'stream-stream-inner-after-only': joined('join', w10g5.before(0)),
  'stream-stream-outer-shifted': joined('outerJoin', w10g5.before(-3)),
  'stream-stream-inner-no-grace': joined('join', joinWindow(10)),
  'stream-stream-left-no-grace': joined('leftJoin', joinWindow(10)),
  'stream-stream-outer-no-grace': joined('outerJoin', joinWindow(10)),
  'stream-stream-inner-jumpy': joined('join', w10g5),
  'stream-stream-outer-jumpy': joined('outerJoin', w10g5),
  'stream-stream-inner-late': joined('join', w10g5),
  'stream-stream-left-late': joined('leftJoin', w10g5),
  'stream-stream-outer-late': joined('outerJoin', w10g5),
  'stream-stream-inner-bursts': joined('join', joinWindow(3).grace(1)),
  'stream-stream-outer-bursts': joined('outerJoin', joinWindow(1).grace(1)),
  'stream-stream-outer-nulls': joined('outerJoin', w10g5),
  'stream-stream-left-nulls': joined('leftJoin', w10g5),
  'stream-stream-outer-zero': joined('outerJoin', joinWindow(0).grace(5)),
  'stream-stream-outer-zero-no-grace': joined('outerJoin', joinWindow(0)),
  'stream-stream-outer-epoch': joined('outerJoin', w10g5),
  'stream-stream-outer-odd-keys': joined('outerJoin', joinWindow(3).grace(2)),
  'stream-stream-outer-rocksdb': joined('outerJoin', joinWindow(30_000).grace(30_000)),
  'stream-stream-outer-throttled': joined('outerJoin', w10g5),
  'stream-stream-left-deprecated-window': joined('leftJoin', eager10),
  'stream-stream-outer-deprecated-window': joined('outerJoin', eager10),
  'stream-stream-key-joiner': program((b) =>
    b
      .stream(input('left'))
      .leftJoin(b.stream(input('right')), (l, r, k) => `${k}:${l}&${r}`, named(w10g5))
      .to(out()),
  ),
  'stream-stream-joiner-null': program((b) =>
    b
      .stream(input('left'))
      .join(b.stream(input('right')), (l, r): Text => ((num(l) + num(r)) % 2 === 0 ? null : pair(l, r)), named(w10g5))
      .to(out()),
  ),
  'stream-stream-unnamed': program((b) =>
    b
      .stream(input('left'))
      .outerJoin(b.stream(input('right')), pair, { within: w10g5 })
      .to(out()),
  ),
  'stream-stream-logging-disabled': program((b) =>
    b
      .stream(input('left'))
      .leftJoin(b.stream(input('right')), pair, { ...named(w10g5), changelog: false })
      .to(out()),
  ),
  'stream-stream-store-suppliers': program((b) =>
    b
      .stream(input('left'))
      .leftJoin(b.stream(input('right')), pair, { ...named(w10g5), stores: [given('this-store'), given('other-store')] })
      .to(out()),
  ),
  'stream-self-join': selfJoined,
  'stream-self-join-optimized': selfJoined,
  'stream-stream-rekeyed': program((b) => rekeyed(b, 'left').join(rekeyed(b, 'right'), pair, named(w10g5)).to(out())),
  'stream-stream-outer-null-mapped': program((b) => thirds(b, 'left').outerJoin(thirds(b, 'right'), pair, named(w10g5)).to(out())),
  'stream-stream-inner-null-mapped': program((b) => thirds(b, 'left').join(thirds(b, 'right'), pair, named(w10g5)).to(out())),
  'stream-stream-three-way': program((b) => {
    const first = b.stream(input('a')).join(b.stream(input('b')), pair, { ...named(w10g5, 'j1'), value: serdes.string })
    first.leftJoin(withKeys(b.stream(input('c'))), pair, named(joinWindow(5).grace(3), 'j2')).to(out())
  }),
  'optimized-join-and-count': program((b) => {
    const re = rekeyed(b, 'left')
    re.join(rekeyed(b, 'right'), pair, named(w10g5)).to(out('out1'))
    re.groupByKey({ name: 'g', key: serdes.string }).count({ store: 's' }).toStream().to(outLong('out2'))
    re.mapValues((v) => `${v}!`).to(out('out3'))
  }),
  'stream-stream-shared-rekeyed': program((b) => {
    const re = rekeyed(b, 'a')
    re.join(rekeyed(b, 'b'), pair, { within: w10g5 }).to(out('out1'))
    re.leftJoin(rekeyed(b, 'c'), pair, { within: joinWindow(5).grace(3) }).to(out('out2'))
  }),
}
