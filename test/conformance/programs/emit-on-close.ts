/** The programs of the group `emit-on-close`. */
import {
  hopping,
  serdes,
  session,
  sliding,
  tumbling,
  type KGroupedStream,
  type SessionWindows,
  type SlidingWindows,
  type StreamsBuilder,
  type TimeWindows,
} from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import {
  append,
  input,
  out,
  outSession,
  outSessionLong,
  outWindowed,
  outWindowedLong,
  plus,
  program,
  texts,
  zero,
  type Text,
} from './kit.ts'

const emit = 'on-window-close'
const t10g5 = tumbling(10).grace(5)
const s10g8 = sliding(10).grace(8)

const grouped = (b: StreamsBuilder): KGroupedStream<string, Text> => b.stream(input('in')).groupByKey(texts)

const sizeOf = (windows: TimeWindows | SlidingWindows): number => (windows.kind === 'sliding' ? windows.differenceMs : windows.sizeMs)

/** A window store of that retention; the default one where there is none. */
const stored = (windows: TimeWindows | SlidingWindows, retentionMs: number | undefined) =>
  retentionMs === undefined ? 's' : ({ kind: 'window', name: 's', sizeMs: sizeOf(windows), retentionMs } as const)

const counting = (windows: TimeWindows | SlidingWindows, retentionMs?: number): Program =>
  program((b) => {
    const store = stored(windows, retentionMs)
    const counts = windows.kind === 'sliding' ? grouped(b).windowedBy(windows).count({ store, emit }) : grouped(b).windowedBy(windows).count({ store, emit }) // prettier-ignore
    counts.toStream().to(outWindowedLong(sizeOf(windows)))
  })

const folding = (windows: TimeWindows, fold: (a: string, v: Text) => Text, retentionMs: number): Program =>
  program((b) =>
    grouped(b)
      .windowedBy(windows)
      .aggregate(zero, fold, { store: stored(windows, retentionMs), value: serdes.string, emit })
      .toStream()
      .to(outWindowed(windows.sizeMs)),
  )

/** A session store of that retention; the default one where there is none. */
const kept = (retentionMs: number | undefined) => (retentionMs === undefined ? 's' : ({ kind: 'session', name: 's', retentionMs } as const))

const sessionCounting = (windows: SessionWindows, retentionMs?: number): Program =>
  program((b) =>
    grouped(b)
      .windowedBy(windows)
      .count({ store: kept(retentionMs), emit })
      .toStream()
      .to(outSessionLong()),
  )

const sessionFolding = (windows: SessionWindows, retentionMs: number): Program =>
  program((b) =>
    grouped(b)
      .windowedBy(windows)
      .aggregate(zero, plus, { store: kept(retentionMs), value: serdes.string, merge: (left, right) => `(${left}|${right})`, emit })
      .toStream()
      .to(outSession()),
  )

/** By id. */
export const closings: Record<string, Program> = {
  'tumbling-emit-on-close': counting(t10g5, 1000),
  'tumbling-emit-on-close-jumpy': counting(t10g5),
  'tumbling-emit-on-close-rocksdb': folding(tumbling(60_000).grace(30_000), append, 1_000_000),
  'tumbling-emit-on-close-throttled': counting(t10g5, 1000),
  'hopping-emit-on-close': folding(hopping(10, { advance: 5 }).grace(5), plus, 1000),
  'hopping-emit-on-close-clearing': folding(hopping(10, { advance: 4 }).grace(5), append, 1000),
  'sliding-emit-on-close-default-retention': counting(s10g8),
  'sliding-emit-on-close': program((b) =>
    grouped(b)
      .windowedBy(s10g8)
      .aggregate(zero, plus, { store: stored(s10g8, 1000), value: serdes.string, emit })
      .toStream()
      .to(outWindowed(10)),
  ),
  'emit-on-close-regroup': program((b) =>
    grouped(b)
      .windowedBy(t10g5)
      .count({ store: stored(t10g5, 1000), emit })
      .groupBy((n, { key }) => [key, n], { name: 'g', key: serdes.string, value: serdes.long })
      .aggregate(
        zero,
        (a, n) => `${a}+${n}`,
        (a, n) => `${a}-${n}`,
        { store: 's2', value: serdes.string },
      )
      .toStream()
      .to(out()),
  ),
  'session-emit-on-close': sessionFolding(session(5).grace(10), 1000),
  'session-emit-on-close-jumpy': sessionCounting(session(5).grace(3), 1000),
  'session-emit-on-close-default-retention': sessionCounting(session(5).grace(3)),
  'session-emit-on-close-rocksdb': sessionFolding(session(15_000).grace(30_000), 1_000_000),
}
