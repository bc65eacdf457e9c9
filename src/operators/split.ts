/**
 * Hot path. Splitting a stream: each record goes to the first branch whose predicate holds, in written order; a branch without one takes what
 * no other took; without such a branch the rest vanishes, uncounted, as in Kafka Streams. The branches are steps of their own below it, found
 * by name when the task starts.
 */
import { assert } from '../base/errors.ts'
import type { Emit, NodeName, Operator, OperatorContext } from '../topology/operator.ts'
import { isKept } from './result.ts'
import type { RecordFunction } from './stateless.ts'

/** One branch: the step it leads to, whose name is known once the topology is built, and which records it takes. */
export interface Branch<K, V> {
  readonly name: () => NodeName
  /** Undefined: all that no other branch took. */
  readonly when: RecordFunction<K, V, boolean> | undefined
}

interface Way<K, V> {
  readonly when: RecordFunction<K, V, boolean>
  readonly emit: Emit<K, V>
}

/** Hands each record to its branch. */
export function split<K, V>(branches: readonly Branch<K, V>[]): Operator<K, V, K, V> {
  return {
    role: 'KSTREAM-BRANCH-',
    traits: { readsKey: true, readsValue: true },
    naming: { stores: 'none' },
    stores: [],
    start: (_next, context) => {
      const ways = branches.flatMap(({ name, when }): Way<K, V>[] => (when === undefined ? [] : [{ when, emit: childOf(context, name()) }]))
      const otherwise = branches.find(({ when }) => when === undefined)
      const rest = otherwise === undefined ? nowhere : childOf(context, otherwise.name())
      return (key, value, record) => {
        for (let i = 0; i < ways.length; i++) {
          const way = ways[i]!
          if (isKept(way.when(value, key, record), context)) return way.emit(key, value, record)
        }
        return rest(key, value, record)
      }
    },
  }
}

/** The step that a branch leads to: it passes everything on. */
export function branchChild<K, V>(): Operator<K, V, K, V> {
  return { role: 'KSTREAM-BRANCH-', traits: {}, naming: { stores: 'none' }, stores: [], start: (next) => next }
}

function childOf({ children, node }: OperatorContext, name: NodeName): Emit<unknown, unknown> {
  const found = children.get(name)
  assert(found !== undefined, `branch ${name} is not below its split ${node}`, { node })
  return found
}

const nowhere: Emit<unknown, unknown> = () => undefined
