/** What the programs share: topics, serdes, and the small functions of the vocabulary in ../README.md. */
import {
  serdes,
  StreamRecord,
  StreamsBuilder,
  topic,
  type KStream,
  type Processor,
  type ProcessorContext,
  type Serde,
  type Topic,
  type Topology,
  type Windowed,
} from '../../../src/index.ts'
import type { Program } from '../replay.ts'

/** Nullable texts: keys and values of the recorded inputs. */
export type Text = string | null

const text = serdes.string

/** An input topic: texts that may be null. */
export const input = (name: string): Topic<Text, Text> => inputs.get(name) ?? remember(name)

/** One descriptor a topic: read twice, it is the same source. */
const inputs = new Map<string, Topic<Text, Text>>()

function remember(name: string): Topic<Text, Text> {
  const made = topic(name, { key: text, value: text, nullable: 'both' })
  inputs.set(name, made)
  return made
}

/** A table's topic: keys are there. */
export const rows = (name: string): Topic<Text, Text> => input(name)

/** An output topic of texts. */
export const out = (name = 'out'): Topic<Text, Text> => topic(name, { key: text, value: text, nullable: 'both' })

/** An output topic of counts. */
export const outLong = (name = 'out'): Topic<Text, number | null> => topic(name, { key: text, value: serdes.long, nullable: 'both' })

/** An output topic of texts under windowed keys. */
export const outWindowed = (sizeMs: number, name = 'out'): Topic<Windowed<string>, Text> =>
  topic(name, { key: serdes.timeWindowed(text, sizeMs), value: text, nullable: 'value' })

/** An output topic of counts under windowed keys. */
export const outWindowedLong = (sizeMs: number, name = 'out'): Topic<Windowed<string>, number | null> =>
  topic(name, { key: serdes.timeWindowed(text, sizeMs), value: serdes.long, nullable: 'value' })

/** An output topic of texts under keys in sessions. */
export const outSession = (name = 'out'): Topic<Windowed<string>, Text> =>
  topic(name, { key: serdes.sessionWindowed(text), value: text, nullable: 'value' })

/** An output topic of counts under keys in sessions. */
export const outSessionLong = (name = 'out'): Topic<Windowed<string>, number | null> =>
  topic(name, { key: serdes.sessionWindowed(text), value: serdes.long, nullable: 'value' })

/** The digits of a text as one number, 0 for null or none. */
export function num(v: Text): number {
  const digits = (v ?? '').replaceAll(/\D/g, '')
  return digits === '' ? 0 : Number(digits)
}

/** The text without its digits, `none` for null. */
export const word = (v: Text): string => (v === null ? 'none' : v.replaceAll(/\d/g, ''))

/** True when the number of the value is even. */
export const even = (v: Text): boolean => num(v) % 2 === 0

/** The initializer of most aggregates. */
export const zero = (): string => '0'

/** Appends; a number that 7 divides clears the aggregate. */
export const append = (a: string, v: Text): Text => (v !== null && num(v) % 7 === 0 ? null : `${a}+${v}`)

/** Appends without ever clearing. */
export const plus = (a: string, v: Text): string => `${a}+${v}`

/** Appends with a hyphen. */
export const minus = (a: string, v: Text): string => `${a}-${v}`

/** Appends with an asterisk. */
export const times = (a: string, v: Text): string => `${a}*${v}`

/** A reducer that appends. */
export const add = (a: Text, v: Text): string => `${a}+${v}`

/** A joiner. */
export const pair = (l: Text, r: Text): string => `${l}&${r}`

/** The last 60 characters, so that nested aggregates don't explode. */
export const tail = (s: string): string => s.slice(-60)

/** A windowed key as text. */
export const windowText = (w: Windowed<string>): string => `${w.key}@${w.window.start}-${w.window.end}`

/** Options with both serdes as texts. */
export const texts: { readonly key: Serde<string>; readonly value: Serde<string> } = { key: text, value: text }

/** Options with a name and both serdes as texts. */
export const named = (name: string): typeof texts & { readonly name: string } => ({ name, ...texts })

/** A program out of what it does with a builder, in parity mode, optimised where the configuration says so. */
export function program(make: (builder: StreamsBuilder) => void): Program {
  return (config): Topology => {
    const builder = new StreamsBuilder()
    make(builder)
    return builder.build({
      ...(config['millrace.parity'] === 'off' ? {} : { parity: 'kafka-streams' }),
      optimize: config['topology.optimization'] === 'all',
    })
  }
}

/** The recorded streams have null keys, which a table's type doesn't know: what happens to them is what is compared. */
export function withKeys<V>(stream: KStream<Text, V>): KStream<string, V> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return stream as unknown as KStream<string, V>
}

/** A processor given as one function of record and context. */
export function each<KOut, VOut>(
  step: (record: StreamRecord<Text, Text>, context: ProcessorContext<KOut, VOut>) => void,
): () => Processor<Text, Text, KOut, VOut> {
  return () => {
    let context: ProcessorContext<KOut, VOut>
    return {
      init: (given) => {
        context = given
      },
      process: (record) => step(record, context),
    }
  }
}

/** Opens a store whose reads answer at once, as they do on the memory engine. */
export function now<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new Error('the memory engine answered a promise')
  return value
}
