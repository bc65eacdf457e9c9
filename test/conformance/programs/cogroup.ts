/** The programs of cogroups, plain and in windows. */
import { hopping, serdes, session, sliding, tumbling, type CogroupedKStream, type StreamsBuilder } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { input, minus, named, num, out, outSession, outWindowed, plus, program, texts, times, word, zero, type Text } from './kit.ts'

const text = { value: serdes.string }

const both = (b: StreamsBuilder): CogroupedKStream<string, string> => {
  const x = b.stream(input('a')).groupByKey(texts)
  const y = b.stream(input('b')).groupByKey(texts)
  return x.cogroup<string>(plus).cogroup(y, minus)
}

/** By id. */
export const cogroups: Record<string, Program> = {
  cogroup: program((b) =>
    both(b)
      .aggregate(zero, { store: 's', ...text })
      .toStream()
      .to(out()),
  ),
  'cogroup-three-rekeyed': program((b) => {
    const x = b.stream(input('a')).groupBy((v) => word(v), named('ga'))
    const y = b
      .stream(input('b'))
      .selectKey((v) => word(v))
      .groupByKey(named('gb'))
    const z = b
      .stream(input('c'))
      .selectKey((v) => word(v))
      .groupByKey(named('gc'))
    x.cogroup<string>(plus)
      .cogroup(y, minus)
      .cogroup(z, (a, v: Text) => (num(v) % 5 === 0 ? null : times(a, v)))
      .aggregate(zero, { name: 'cg', store: 's', ...text })
      .toStream()
      .to(out())
  }),
  'cogroup-unnamed': program((b) => {
    const x = b.stream(input('a')).groupBy((v) => word(v), texts)
    const y = b.stream(input('b')).groupByKey(texts)
    x.cogroup<string>(plus).cogroup(y, minus).aggregate(zero, texts).toStream().to(out())
  }),
  'cogroup-tumbling': program((b) =>
    both(b)
      .windowedBy(tumbling(10).grace(5))
      .aggregate(zero, { store: 's', ...text })
      .toStream()
      .to(outWindowed(10)),
  ),
  'cogroup-hopping-rekeyed': program((b) => {
    const x = b.stream(input('a')).groupBy((v) => word(v), named('ga'))
    const y = b.stream(input('b')).groupBy((v) => word(v), named('gb'))
    const z = b.stream(input('c')).groupBy((v) => word(v), named('gc'))
    x.cogroup<string>(plus)
      .cogroup(y, minus)
      .cogroup(z, times)
      .windowedBy(hopping(12, { advance: 5 }).grace(4))
      .aggregate(zero, { store: 's', ...text })
      .toStream()
      .to(outWindowed(12))
  }),
  'cogroup-sliding': program((b) =>
    both(b)
      .windowedBy(sliding(10).grace(8))
      .aggregate(zero, { store: 's', ...text })
      .toStream()
      .to(outWindowed(10)),
  ),
  'cogroup-session': program((b) =>
    both(b)
      .windowedBy(session(5).grace(10))
      .aggregate(zero, { store: 's', ...text, merge: (left, right) => `(${left}|${right})` })
      .toStream()
      .to(outSession()),
  ),
}
