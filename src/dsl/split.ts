/** Splitting a stream into named branches: one step that routes, and one below it for each branch, which its stream goes on from. */
import type { Mistake } from '../base/errors.ts'
import { branchChild, split } from '../operators/split.ts'
import type { RecordContext } from '../model/record.ts'
import type { StepCall } from '../topology/graph.ts'
import type { Parts } from './handle.ts'
import type { KStream, SplitValue } from './kstream.ts'
import { otherwise, type StepOptions } from './options.ts'

/** Which records a branch takes: those that a predicate holds for, or, with `otherwise`, what no other branch took. */
export type BranchWhen<K, V> = ((value: V, key: K, record: RecordContext) => boolean) | typeof otherwise

/** A branch that goes on where it is declared; what `through` answers stands for it in the answer of `split`. */
export interface BranchThrough<K, V> {
  readonly when: BranchWhen<K, V>
  readonly through: (stream: KStream<K, V>) => unknown
}

/** Branches by name. */
export type Branches<K, V> = Readonly<Record<string, BranchWhen<K, V> | BranchThrough<K, V>>>

/** What `split` answers for a branch: its stream, or what `through` made of it. */
export type BranchResult<K, V, B> = B extends { readonly through: (stream: never) => infer R } ? R : KStream<K, SplitValue<V, B>>

/** Options of a split. */
export interface SplitOptions extends StepOptions {
  /** True: steps are called as Kafka Streams calls unnamed branches: 1, 2, …, and 0 for the rest. */
  readonly numbered?: boolean
}

/** Appends the steps of a split and answers the streams of its branches. @internal */
export function splitStream<K, V, B extends Branches<K, V>>(
  parts: Parts,
  branches: B,
  options: SplitOptions = {},
): { readonly [Name in keyof B]: BranchResult<K, V, B[Name]> } {
  const entries = Object.entries<BranchWhen<K, V> | BranchThrough<K, V>>(branches).map(([name, branch]) => {
    return [name, typeof branch === 'object' ? branch : { when: branch }] as const
  })
  const names: string[] = []
  const { graph, call, key, value, makers } = parts
  const { onError } = options
  const wrong = mistakes(
    entries.map(([name]) => name),
    entries.filter(([, { when }]) => when === otherwise).length,
  )
  graph.mistakes.push(...wrong.map((message): Mistake => ({ code: 'BRANCH_INVALID', message, ...nodeOf(options) })))
  const ways = entries.map(([, { when }], index) => ({ name: () => names[index]!, when: typeof when === 'symbol' ? undefined : when }))
  const router = graph.add({ kind: 'step', name: options.name, operator: split<K, V>(ways), parents: [call], key, value, onError })
  let number = 0
  const streams = entries.map(([name, branch], index) => {
    const { when } = branch
    const suffix = options.numbered === true ? String(when === otherwise ? 0 : ++number) : name
    const child: StepCall = {
      kind: 'step',
      name: undefined,
      operator: branchChild<K, V>(),
      parents: [router],
      key,
      value,
      suffix,
      named: (given) => (names[index] = given),
    }
    const stream = makers.stream<K, V>({ ...parts, call: graph.add(child) })
    return [name, 'through' in branch ? branch.through(stream) : stream] as const
  })
  return answer(Object.fromEntries(streams))
}

function mistakes(names: readonly string[], rests: number): string[] {
  const none =
    names.length === 0 ? ['split({}) has no branch: give at least one, as split({ big: (o) => o.cents > 100, rest: otherwise })'] : []
  const many = rests > 1 ? ['a split has one `otherwise` at most: it takes all that the others left'] : []
  const integers = names
    .filter((name) => /^\d+$/.test(name))
    .map(
      (name) =>
        `a branch can't be called ${name}: JavaScript moves number-like names to the front, so the written order would be lost; say e.g. 'b${name}'`,
    )
  return [...none, ...many, ...integers]
}

function nodeOf({ name }: SplitOptions): { readonly node?: string } {
  return name === undefined ? {} : { node: name }
}

/** Sound because it has exactly the names of the branches, and each branch's guard was asked before a record went its way. */
function answer<T>(streams: object): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return streams as T
}
