/** The programs of the group `window` with tumbling and hopping windows. */
import {
  hopping,
  serdes,
  session,
  sessionStore,
  sliding,
  tumbling,
  windowStore,
  type KGroupedStream,
  type StreamsBuilder,
  type TimeWindows,
} from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import {
  add,
  append,
  input,
  named,
  out,
  outSessionLong,
  outWindowed,
  outWindowedLong,
  plus,
  program,
  texts,
  windowText,
  word,
  zero,
  type Text,
} from './kit.ts'

const t10g5 = tumbling(10).grace(5)

const grouped = (b: StreamsBuilder): KGroupedStream<string, Text> => b.stream(input('in')).groupByKey(texts)

const counting = (windows: TimeWindows): Program =>
  program((b) => grouped(b).windowedBy(windows).count({ store: 's' }).toStream().to(outWindowedLong(windows.sizeMs)))

const folding = (windows: TimeWindows, fold: (a: string, v: Text) => Text): Program =>
  program((b) =>
    grouped(b).windowedBy(windows).aggregate(zero, fold, { store: 's', value: serdes.string }).toStream().to(outWindowed(windows.sizeMs)),
  )

const reducing = (windows: TimeWindows): Program =>
  program((b) => grouped(b).windowedBy(windows).reduce(add, { store: 's' }).toStream().to(outWindowed(windows.sizeMs)))

/** By id. */
export const windows: Record<string, Program> = {
  'tumbling-count': counting(tumbling(10)),
  'tumbling-header-stores': program((b) => {
    const store = windowStore('s', { key: serdes.string, value: serdes.long, format: 'headers', sizeMs: 10, retentionMs: 15 })
    grouped(b).windowedBy(t10g5).count({ store }).toStream().to(outWindowedLong(10))
  }),
  'session-header-stores': program((b) => {
    const store = sessionStore('s', { key: serdes.string, value: serdes.long, format: 'headers', retentionMs: 15 })
    grouped(b).windowedBy(session(5).grace(10)).count({ store }).toStream().to(outSessionLong())
  }),
  'tumbling-aggregate-grace': folding(t10g5, append),
  'tumbling-reduce': reducing(t10g5),
  'tumbling-null-values': folding(t10g5, plus),
  'tumbling-reduce-null-values': reducing(t10g5),
  'tumbling-late': folding(t10g5, plus),
  'tumbling-long-retention': program((b) =>
    grouped(b)
      .windowedBy(t10g5)
      .aggregate(zero, plus, { store: { kind: 'window', name: 's', sizeMs: 10, retentionMs: 100 }, value: serdes.string })
      .toStream()
      .to(outWindowed(10)),
  ),
  'tumbling-epoch': counting(tumbling(7).grace(5)),
  'tumbling-odd-keys': counting(tumbling(10).grace(15)),
  'tumbling-rocksdb': folding(tumbling(60_000).grace(30_000), append),
  'hopping-aggregate': folding(hopping(10, { advance: 4 }).grace(5), plus),
  'hopping-reduce': reducing(hopping(10, { advance: 5 })),
  'hopping-count-dense': counting(hopping(20, { advance: 3 }).grace(7)),
  'hopping-late': folding(hopping(10, { advance: 3 }).grace(4), append),
  'tumbling-caching': folding(t10g5, append),
  'hopping-caching': folding(hopping(10, { advance: 4 }).grace(5), plus),
  'windowed-table-operators': program((b) =>
    grouped(b)
      .windowedBy(t10g5)
      .count({ store: 's' })
      .filter((n) => n % 2 === 1)
      .mapValues((n, w) => `${windowText(w)} n${n}`)
      .toStream({ key: (_v, w): Text => windowText(w) })
      .to(out()),
  ),
  'two-windows-one-group': program((b) => {
    const g = b.stream(input('in')).groupBy((v) => word(v), named('g'))
    g.windowedBy(t10g5).count({ store: 's1' }).toStream().to(outWindowedLong(10, 'out1'))
    g.windowedBy(hopping(10, { advance: 5 }).grace(5))
      .reduce(add, { store: 's2' })
      .toStream()
      .to(outWindowed(10, 'out2'))
  }),
  'windowed-table-regroup': program((b) =>
    grouped(b)
      .windowedBy(t10g5)
      .count({ store: 's' })
      .groupBy((n, { window }) => [`at ${window.start}`, n], { name: 'g', key: serdes.string, value: serdes.long })
      .aggregate(
        zero,
        (a, n) => `${a}+${n}`,
        (a, n) => `${a}-${n}`,
        { store: 's2', value: serdes.string },
      )
      .toStream()
      .to(out()),
  ),
  'windowed-table-join': program((b) => {
    const group = (name: string): KGroupedStream<string, Text> => b.stream(input(name)).groupByKey(texts)
    const x = group('a').windowedBy(t10g5).count({ store: 'x' })
    const y = group('b').windowedBy(t10g5).reduce(add, { store: 'y' })
    x.leftJoin(y, (n, s) => `${n}&${s}`)
      .toStream()
      .to(outWindowed(10))
  }),
  'windows-generated-names': program((b) => {
    b.stream(input('in'))
      .groupBy((v) => word(v), texts)
      .windowedBy(t10g5)
      .count()
      .toStream()
      .to(outWindowedLong(10, 'out1'))
    grouped(b).windowedBy(session(5).grace(10)).count().toStream().to(outSessionLong('out2'))
    grouped(b).windowedBy(sliding(10).grace(8)).reduce(add).toStream().to(outWindowed(10, 'out3'))
  }),
  'window-store-supplier': program((b) =>
    grouped(b)
      .windowedBy(t10g5)
      .count({ store: { kind: 'window', name: 's', sizeMs: 10, retentionMs: 40 } })
      .toStream()
      .to(outWindowedLong(10)),
  ),
}
