/**
 * Splitting a stream: each record goes to the first branch whose predicate holds, in written order; a branch without one takes the rest. The
 * branches are steps of their own below it, found by name when the task starts.
 */
import type { Emit, Naming, NodeName, Operator } from '../topology/operator.ts'
import type { RecordFunction } from './stateless.ts'

/** One branch: the step it leads to, whose name is known once the topology is built, and which records it takes. */
export interface Branch<K, V> {
  readonly name: () => NodeName
  /** Undefined: all that no other branch took. */
  readonly when: RecordFunction<K, V, boolean> | undefined
}

/** Hands each record to its branch. */
export function split<K, V>(branches: readonly Branch<K, V>[]): Operator<K, V, K, V> {
  const naming: Naming = { stores: 'none' }
  return {
    role: 'KSTREAM-BRANCH-',
    traits: { readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (_next, context) => {
      const ways = branches.map(({ name, when }) => ({ when, emit: context.children.get(name()) ?? nowhere }))
      const conditional = ways.filter(({ when }) => when !== undefined)
      const rest = ways.find(({ when }) => when === undefined)?.emit ?? nowhere
      return (key, value, record) => {
        for (const { when, emit } of conditional) if (when!(value, key, record)) return emit(key, value, record)
        return rest(key, value, record)
      }
    },
  }
}

/** The step that a branch leads to: it passes everything on. */
export function branchChild<K, V>(): Operator<K, V, K, V> {
  return { role: 'KSTREAM-BRANCH-', traits: {}, naming: { stores: 'none' }, stores: [], start: (next) => next }
}

const nowhere: Emit<unknown, unknown> = () => undefined
