/** The programs of the group `error`. What the handlers of the configuration decide is the replay's. */
import { serdes, topic, type Serde, type StreamsBuilder } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { each, input, num, out, outLong, program, type Text } from './kit.ts'

/** Refuses values whose number is a multiple of four. */
const picky: Serde<string> = {
  serialize: (value) => serdes.string.serialize(value),
  deserialize: (bytes) => {
    const value = serdes.string.deserialize(bytes)
    if (num(value) % 4 === 0) throw new Error(`no ${value}`)
    return value
  },
}

const pickyTopic = topic('in', { key: serdes.string, value: picky, nullable: 'both' })

function marked(v: Text): Text {
  if (num(v) > 0 && num(v) % 4 === 0) throw new Error(`no ${v}`)
  return `${v}b`
}

function failing(b: StreamsBuilder): void {
  const x = b.stream(input('in')).mapValues((v): Text => `${v}a`)
  x.to(out('early'))
  x.mapValues(marked).to(out())
  x.to(out('after'))
}

/** What user code without types may answer. */
function untyped(value: unknown): never {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- lying is what it is for
  return value as never
}

/** By id. */
export const errors: Record<string, Program> = {
  'error-deserialization-fail': program((b) => b.stream(pickyTopic).to(out())),
  'error-deserialization-continue': program((b) =>
    b.stream(pickyTopic).groupByKey({ key: serdes.string, value: serdes.string }).count({ store: 's' }).toStream().to(outLong()),
  ),
  'error-dead-letter-deserialization': program((b) => b.stream(pickyTopic).to(out())),
  'error-processing-fail': program(failing),
  'error-processing-continue': program(failing),
  'error-dead-letter-after-sink': program(failing),
  'error-dead-letter-processing': program((b) => b.stream(input('in')).mapValues(marked).to(out())),
  'error-map-null': program((b) =>
    b
      .stream(input('in'))
      .map((v, k): [Text, Text] => (num(v) % 6 === 0 ? untyped(null) : [k, v]))
      .to(out()),
  ),
  'error-flat-map-values-null': program((b) =>
    b
      .stream(input('in'))
      .flatMapValues((v): Text[] => (num(v) % 6 === 0 ? untyped(null) : [v]))
      .to(out()),
  ),
  'error-negative-forward': program((b) =>
    b
      .stream(input('in'))
      .process<Text, Text>(each((r, c) => void c.forward(r.withTimestamp(num(r.value) % 6 === 0 ? -1 : r.timestamp))))
      .to(out()),
  ),
  'error-unknown-child': program((b) =>
    b
      .stream(input('in'))
      .process<Text, Text>(each((r, c) => void (num(r.value) % 6 === 0 ? c.forward(r, 'nobody') : c.forward(r))))
      .to(out()),
  ),
}
