/**
 * Random topologies as data. The grammar says of each production what it takes, what it gives and which numbers it may choose; a program is a list of
 * steps over collections, the sources first. Genes become a program by taking each number modulo what is possible there, so that any list of genes is
 * a program, and a shorter list a smaller one.
 */
import * as fc from 'fast-check'

/** What a step takes or gives: a stream, a table, a table of windows, or a global table. Keys and values are texts. */
export type Kind = 'stream' | 'table' | 'windows' | 'global'

/** One way to make collections out of others. */
export interface Production {
  readonly takes: readonly Kind[]
  readonly gives: readonly Kind[]
  /** By name, the numbers that a step may choose from. */
  readonly choices?: Readonly<Record<string, readonly number[]>>
}

/** Yes or no, as a choice. */
const BIT = [0, 1]
const GRACE = [0, 4, 30]
/** 0: every update, 1: at the close of a window. */
const EMIT = [0, 0, 1]

/** Every production by its name. */
export const GRAMMAR: Readonly<Record<string, Production>> = {
  filter: { takes: ['stream'], gives: ['stream'], choices: { modulus: [2, 3] } },
  mapValues: { takes: ['stream'], gives: ['stream'], choices: { nulls: [0, 0, 5] } },
  flatMap: { takes: ['stream'], gives: ['stream'] },
  selectKey: { takes: ['stream'], gives: ['stream'], choices: { nulls: [0, 5] } },
  merge: { takes: ['stream', 'stream'], gives: ['stream'] },
  split: { takes: ['stream'], gives: ['stream', 'stream'], choices: { modulus: [2, 3] } },
  repartition: { takes: ['stream'], gives: ['stream'] },
  toTable: { takes: ['stream'], gives: ['table'], choices: { stored: BIT } },
  count: { takes: ['stream'], gives: ['table'], choices: { regroup: BIT } },
  reduce: { takes: ['stream'], gives: ['table'], choices: { regroup: BIT } },
  aggregate: { takes: ['stream'], gives: ['table'], choices: { regroup: BIT, clears: [0, 3] } },
  cogroup: { takes: ['stream', 'stream'], gives: ['table'] },
  tumbling: { takes: ['stream'], gives: ['windows'], choices: { sizeMs: [5, 20], graceMs: GRACE, emit: EMIT, clears: [0, 3] } },
  hopping: { takes: ['stream'], gives: ['windows'], choices: { sizeMs: [10], advanceMs: [4, 5], graceMs: GRACE, emit: EMIT } },
  unlimited: { takes: ['stream'], gives: ['windows'], choices: { startMs: [0, 40] } },
  sliding: { takes: ['stream'], gives: ['windows'], choices: { differenceMs: [3, 10], graceMs: GRACE, emit: EMIT } },
  session: { takes: ['stream'], gives: ['windows'], choices: { gapMs: [3, 10], graceMs: GRACE, emit: EMIT, clears: [0, 3] } },
  untilClose: { takes: ['windows'], gives: ['windows'] },
  untilLimit: { takes: ['table'], gives: ['table'], choices: { waitMs: [0, 10], maxRecords: [0, 2] } },
  windowFilter: { takes: ['windows'], gives: ['windows'], choices: { modulus: [2, 3] } },
  windowStream: { takes: ['windows'], gives: ['stream'] },
  windowGroup: { takes: ['windows'], gives: ['table'], choices: { fold: [0, 1, 2] } },
  tableFilter: { takes: ['table'], gives: ['table'], choices: { modulus: [2, 3], stored: BIT } },
  tableMapValues: { takes: ['table'], gives: ['table'], choices: { nulls: [0, 5], stored: BIT } },
  toStream: { takes: ['table'], gives: ['stream'], choices: { rekey: BIT } },
  tableGroup: { takes: ['table'], gives: ['table'], choices: { fold: [0, 1, 2], clears: [0, 3], nulls: [0, 5] } },
  tableJoin: { takes: ['table', 'table'], gives: ['table'], choices: { kind: [0, 1, 2], stored: BIT } },
  foreignKeyJoin: { takes: ['table', 'table'], gives: ['table'], choices: { left: BIT, stored: BIT, nulls: [0, 5] } },
  streamTableJoin: { takes: ['stream', 'table'], gives: ['stream'], choices: { left: BIT } },
  globalJoin: { takes: ['stream', 'global'], gives: ['stream'], choices: { left: BIT, nulls: [0, 5] } },
  streamJoin: {
    takes: ['stream', 'stream'],
    gives: ['stream'],
    choices: { kind: [0, 1, 2], beforeMs: [0, 6], afterMs: [2, 10], graceMs: [0, 5, 20], eager: [0, 0, 1] },
  },
}

/** The topics outside: what the first collections are. */
export const SOURCES: readonly { readonly topic: string; readonly kind: Kind; readonly stored?: boolean }[] = [
  { topic: 'a', kind: 'stream' },
  { topic: 'b', kind: 'stream' },
  { topic: 't', kind: 'table' },
  { topic: 'u', kind: 'table', stored: true },
  { topic: 'g', kind: 'global', stored: true },
]

/** One step. Collections are numbered: the sources, then what each step gives. */
export interface Step {
  readonly op: string
  /** Its name in the topology. */
  readonly name: string
  readonly from: readonly number[]
  readonly choices: Readonly<Record<string, number>>
}

/** A topology as data: its steps, and which collections are written to topics of their own. */
export interface Program {
  readonly steps: readonly Step[]
  readonly outputs: readonly number[]
}

/** A number that a step has chosen. */
export function chosen({ op, choices }: Step, name: string): number {
  const value = choices[name]
  if (value === undefined) throw new Error(`${op} chooses no ${name}`)
  return value
}

/** The topic that a collection is written to. */
export const outputTopic = (collection: number): string => `out-${collection}`

/** What becomes a step. */
export interface Gene {
  readonly op: number
  readonly from: readonly number[]
  readonly choices: readonly number[]
  readonly written: boolean
}

/** The program that genes say. */
export function programOf(genes: readonly Gene[]): Program {
  const kinds: Kind[] = SOURCES.map(({ kind }) => kind)
  const steps: Step[] = []
  const outputs: number[] = []
  for (const gene of genes) {
    const possible = Object.entries(GRAMMAR).filter(([, { takes }]) => takes.every((kind) => kinds.includes(kind)))
    const [op, { takes, gives, choices = {} }] = pick(possible, gene.op)
    const from = takes.map((kind, i) =>
      // From behind: what was made last is used most.
      pick(kinds.flatMap((found, collection) => (found === kind ? [collection] : [])).toReversed(), gene.from[i]!),
    )
    const picked = Object.entries(choices).map(([name, values], i) => [name, pick(values, gene.choices[i]!)] as const)
    steps.push({ op, name: `s${steps.length}`, from, choices: Object.fromEntries(picked) })
    if (gene.written) outputs.push(kinds.length)
    kinds.push(...gives)
  }
  // What nobody goes on with is written.
  const used = new Set([...outputs, ...steps.flatMap(({ from }) => from)])
  const ends = kinds.flatMap((kind, n) => (n >= SOURCES.length && kind !== 'global' && !used.has(n) ? [n] : []))
  return { steps, outputs: [...outputs, ...ends].toSorted((a, b) => a - b) }
}

function pick<T>(from: readonly T[], n: number): T {
  return from[n % from.length]!
}

const small = fc.nat(59)

const gene: fc.Arbitrary<Gene> = fc.record({
  op: fc.nat(1_000),
  from: fc.tuple(fc.nat(5), fc.nat(5)),
  choices: fc.tuple(small, small, small, small, small),
  written: fc.boolean(),
})

/** An input record; `headers` is the value of its header `h`, empty for none. */
export interface Input {
  readonly topic: string
  readonly key: string | null
  readonly value: string | null
  readonly time: number
  readonly headers: string
}

const KEYS = ['k', 'k1', 'k2', 'k10', '', 'é'] as const
const WORDS = ['ant', 'bee', 'cat'] as const

interface InputGene {
  readonly topic: number
  readonly key: number
  readonly value: number
  readonly late: number
  readonly step: number
  readonly headers: boolean
}

/** A program with its records. */
export interface Case {
  readonly program: Program
  readonly records: readonly Input[]
}

const inputGene: fc.Arbitrary<InputGene> = fc.record({
  topic: fc.nat(59),
  key: fc.nat(19),
  value: fc.nat(29),
  late: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(30) }),
  step: fc.oneof({ weight: 12, arbitrary: fc.nat(6) }, { weight: 1, arbitrary: fc.constant(300) }),
  headers: fc.boolean(),
})

/**
 * Programs of 1 to 8 steps, with records of the topics that they read: few keys, equal timestamps, late ones, nulls, and now and then a jump.
 */
export const randomCases: fc.Arbitrary<Case> = fc
  .tuple(fc.array(gene, { minLength: 1, maxLength: 8 }), fc.array(inputGene, { minLength: 1, maxLength: 40 }))
  .map(([genes, inputGenes]) => {
    const program = programOf(genes)
    return { program, records: inputsOf(inputGenes, topicsOf(program)) }
  })

/** The topics outside that a program reads. */
export function topicsOf({ steps }: Program): readonly string[] {
  const used = new Set(steps.flatMap(({ from }) => from))
  return SOURCES.flatMap(({ topic }, n) => (used.has(n) ? [topic] : []))
}

function inputsOf(genes: readonly InputGene[], topics: readonly string[]): readonly Input[] {
  let now = 0
  return genes.map(({ topic, key, value, late, step, headers }, n) => {
    now += step
    return {
      topic: pick(topics, topic),
      key: key === 19 ? null : KEYS[Math.min(key % 8, KEYS.length - 1)]!,
      value: value >= 26 ? null : `${WORDS[value % WORDS.length]!}${value}`,
      time: Math.max(0, now - late),
      headers: headers ? `h${n}` : '',
    }
  })
}
