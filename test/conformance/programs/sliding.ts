/** The programs of the group `window` with sliding and unlimited windows. */
import { serdes, sliding, unlimited, type KGroupedStream, type SlidingWindows, type StreamsBuilder } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { add, append, input, outWindowed, outWindowedLong, plus, program, texts, zero, type Text } from './kit.ts'

const s10g8 = sliding(10).grace(8)

const grouped = (b: StreamsBuilder): KGroupedStream<string, Text> => b.stream(input('in')).groupByKey(texts)

const counting = (windows: SlidingWindows): Program =>
  program((b) => grouped(b).windowedBy(windows).count({ store: 's' }).toStream().to(outWindowedLong(windows.differenceMs)))

const folding = (windows: SlidingWindows, fold: (a: string, v: Text) => Text): Program =>
  program((b) =>
    grouped(b)
      .windowedBy(windows)
      .aggregate(zero, fold, { store: 's', value: serdes.string })
      .toStream()
      .to(outWindowed(windows.differenceMs)),
  )

/** By id. */
export const slidings: Record<string, Program> = {
  'sliding-aggregate': folding(s10g8, plus),
  'sliding-count-no-grace': counting(sliding(10)),
  'sliding-reduce': program((b) => grouped(b).windowedBy(s10g8).reduce(add, { store: 's' }).toStream().to(outWindowed(10))),
  'sliding-clearing': folding(s10g8, append),
  'sliding-early': counting(sliding(60).grace(40)),
  'sliding-bursts': folding(sliding(4).grace(3), plus),
  'sliding-epoch': folding(s10g8, plus),
  'sliding-late': folding(sliding(10).grace(4), plus),
  'sliding-rocksdb': folding(sliding(60_000).grace(60_000), plus),
  'sliding-caching': folding(s10g8, plus),
  'unlimited-count': program((b) =>
    grouped(b).windowedBy(unlimited(20)).count({ store: 's' }).toStream().to(outWindowedLong(Number.MAX_SAFE_INTEGER)),
  ),
  'unlimited-reduce': program((b) =>
    grouped(b).windowedBy(unlimited()).reduce(add, { store: 's' }).toStream().to(outWindowed(Number.MAX_SAFE_INTEGER)),
  ),
}
