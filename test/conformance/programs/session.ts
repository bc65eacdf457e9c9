/** The programs of the group `window` with sessions. */
import { serdes, session, type KGroupedStream, type SessionWindows, type StreamsBuilder } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { add, append, input, outSession, outSessionLong, plus, program, texts, zero, type Text } from './kit.ts'

const s5g10 = session(5).grace(10)

const grouped = (b: StreamsBuilder): KGroupedStream<string, Text> => b.stream(input('in')).groupByKey(texts)

const both = (left: string, right: string): string => `(${left}|${right})`

const counting = (windows: SessionWindows): Program =>
  program((b) => grouped(b).windowedBy(windows).count({ store: 's' }).toStream().to(outSessionLong()))

const folding = (windows: SessionWindows, fold: (a: string, v: Text) => Text): Program =>
  program((b) =>
    grouped(b).windowedBy(windows).aggregate(zero, fold, { store: 's', value: serdes.string, merge: both }).toStream().to(outSession()),
  )

/** By id. */
export const sessions: Record<string, Program> = {
  'session-aggregate': folding(s5g10, plus),
  'session-count-no-grace': counting(session(5)),
  'session-reduce': program((b) => grouped(b).windowedBy(s5g10).reduce(add, { store: 's' }).toStream().to(outSession())),
  'session-null-values': folding(s5g10, plus),
  'session-clearing': folding(s5g10, append),
  'session-bridging': folding(session(5).grace(30), plus),
  'session-late': folding(session(5).grace(3), plus),
  'session-epoch': counting(s5g10),
  'session-odd-keys': counting(session(8).grace(15)),
  'session-caching': folding(s5g10, plus),
  'session-rocksdb': folding(session(25_000).grace(60_000), plus),
}
