/** The programs of the group `suppress`. */
import {
  hopping,
  serdes,
  session,
  sliding,
  tumbling,
  untilTimeLimit,
  untilWindowCloses,
  type BufferOptions,
  type KGroupedStream,
  type KTable,
  type SessionWindows,
  type StreamsBuilder,
  type UntilTimeLimit,
  type Windowed,
} from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import {
  append,
  input,
  minus,
  named,
  out,
  outLong,
  outSession,
  outSessionLong,
  outWindowed,
  outWindowedLong,
  pair,
  plus,
  program,
  rows,
  texts,
  windowText,
  word,
  zero,
  type Text,
} from './kit.ts'

const t10g5 = tumbling(10).grace(5)
const h10a5g5 = hopping(10, { advance: 5 }).grace(5)
const final = { name: 'final' }
const limit = { name: 'limit' }

const grouped = (b: StreamsBuilder): KGroupedStream<string, Text> => b.stream(input('in')).groupByKey(texts)
const counted = (b: StreamsBuilder, windows = t10g5): KTable<Windowed<string>, number> =>
  grouped(b).windowedBy(windows).count({ store: 's' })

/** Counts of tumbling windows, suppressed until they close. */
const tumblingFinal = (options: BufferOptions = {}): Program =>
  program((b) => counted(b).suppress(untilWindowCloses(options), final).toStream().to(outWindowedLong(10)))

/** Aggregates that clear themselves, suppressed until a limit. */
const limitedAggregate = (until: UntilTimeLimit): Program =>
  program((b) =>
    grouped(b).aggregate<string, Text>(zero, append, { store: 's', value: serdes.string }).suppress(until, limit).toStream().to(out()),
  )

/** Counts, suppressed until a limit. */
const limitedCount = (until: UntilTimeLimit): Program =>
  program((b) => grouped(b).count({ store: 's' }).suppress(until, limit).toStream().to(outLong()))

/** Sessions, suppressed until they close. */
const sessionFinal = (windows: SessionWindows): Program =>
  program((b) =>
    grouped(b)
      .windowedBy(windows)
      .aggregate(zero, plus, {
        store: { kind: 'session', name: 's', retentionMs: 1000 },
        value: serdes.string,
        merge: (left, right) => `(${left}|${right})`,
      })
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outSession()),
  )

/** By id. */
export const suppressions: Record<string, Program> = {
  'suppress-tumbling': tumblingFinal(),
  'suppress-logging-disabled': tumblingFinal({ changelog: false }),
  'suppress-strict-bytes': tumblingFinal({ maxBytes: 300 }),
  'suppress-strict-records': tumblingFinal({ maxRecords: 4 }),
  'suppress-hopping': program((b) =>
    grouped(b)
      .windowedBy(h10a5g5)
      .aggregate<string, Text>(zero, append, { store: 's', value: serdes.string })
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outWindowed(10)),
  ),
  'suppress-odd-keys': program((b) => counted(b, h10a5g5).suppress(untilWindowCloses(), final).toStream().to(outWindowedLong(10))),
  'suppress-after-filter': program((b) =>
    counted(b)
      .filter((n) => n % 2 === 1)
      .mapValues((n) => n * 10, { value: serdes.long })
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outWindowedLong(10)),
  ),
  'suppress-unnamed': program((b) =>
    grouped(b)
      .windowedBy(t10g5)
      .count({ key: serdes.string, value: serdes.long })
      .suppress(untilWindowCloses())
      .toStream()
      .to(outWindowedLong(10)),
  ),
  'suppress-time-limit': limitedAggregate(untilTimeLimit(8)),
  'suppress-time-limit-zero': limitedAggregate(untilTimeLimit(0)),
  'suppress-time-limit-windowed': program((b) => counted(b).suppress(untilTimeLimit(12), limit).toStream().to(outWindowedLong(10))),
  'suppress-early-when-full': limitedCount(untilTimeLimit(30, { maxRecords: 2 })),
  'suppress-one-record': limitedCount(untilTimeLimit(1000, { maxRecords: 1 })),
  'suppress-max-bytes': limitedCount(untilTimeLimit(1000, { maxBytes: 220 })),
  'suppress-max-bytes-and-records': limitedAggregate(untilTimeLimit(1000, { maxRecords: 4, maxBytes: 400 })),
  'suppress-shut-down': limitedCount(untilTimeLimit(9, { maxRecords: 3, onFull: 'fail' })),
  'suppress-table': program((b) => b.table(rows('in'), { store: 't' }).suppress(untilTimeLimit(8), limit).toStream().to(out())),
  'suppress-session': sessionFinal(session(5).grace(10)),
  'suppress-session-tight': sessionFinal(session(2).grace(1)),
  'suppress-session-default-retention': program((b) =>
    grouped(b).windowedBy(session(2).grace(1)).count({ store: 's' }).suppress(untilWindowCloses(), final).toStream().to(outSessionLong()),
  ),
  'suppress-sliding': program((b) =>
    grouped(b)
      .windowedBy(sliding(10).grace(8))
      .aggregate(zero, plus, { store: { kind: 'window', name: 's', sizeMs: 10, retentionMs: 1000 }, value: serdes.string })
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outWindowed(10)),
  ),
  'suppress-cogroup': program((b) =>
    b
      .stream(input('a'))
      .groupByKey(texts)
      .cogroup<string>(plus)
      .cogroup(b.stream(input('b')).groupByKey(texts), minus)
      .windowedBy(t10g5)
      .aggregate(zero, { store: 's', value: serdes.string })
      .suppress(untilWindowCloses(), final)
      .toStream()
      .to(outWindowed(10)),
  ),
  'suppress-then-regroup': program((b) =>
    b
      .table(rows('in'), { store: 't' })
      .suppress(untilTimeLimit(8), limit)
      .groupBy((v) => [word(v), v], named('g'))
      .aggregate(zero, plus, minus, { store: 's', value: serdes.string })
      .toStream()
      .to(out()),
  ),
  'suppress-then-join': program((b) =>
    b
      .table(rows('left'), { store: 'l' })
      .suppress(untilTimeLimit(8), limit)
      .join(b.table(rows('right'), { store: 'r' }), pair)
      .toStream()
      .to(out(), texts),
  ),
  'final-counts-of-words': program((b) =>
    b
      .stream(input('in'))
      .groupBy((v) => word(v), named('g'))
      .windowedBy(t10g5)
      .count({ store: 's' })
      .suppress(untilWindowCloses(), final)
      .toStream({ key: (_n, w): Text => windowText(w) })
      .filter((n) => n > 1)
      .to(outLong()),
  ),
  'suppress-then-suppress': program((b) =>
    counted(b).suppress(untilTimeLimit(4), limit).suppress(untilWindowCloses(), final).toStream().to(outWindowedLong(10)),
  ),
}
