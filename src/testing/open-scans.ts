/**
 * The scans of stores that are open in a test, and who opened them. One that nobody closes keeps what it reads from alive, and on disk the files under it,
 * so a test that leaves one open fails when it closes its driver. Only scans are watched: what gives none costs nothing.
 */
import { StoreUnavailableError } from '../base/errors.ts'
import type { Scan } from '../state/store-spec.ts'
import type { NodeName } from '../topology/operator.ts'
import type { Topology } from '../topology/topology.ts'
import { watchedScan } from './watched-scan.ts'

/** The methods that answer scans, of stores of all kinds. */
const SCANS = ['range', 'fetch', 'fetchAll', 'find', 'history'] as const

interface Opened {
  readonly store: string
  /** The step, or the test. */
  readonly by: string
  readonly method: string
  /** Made where it was opened, for its stack. */
  readonly where: Error
}

/** The open scans of one run. */
export class OpenScans {
  readonly #open: Set<Opened> = new Set()

  /** The same topology, whose steps open watched scans. */
  topology(topology: Topology): Topology {
    return topology.withStarts(({ name, operator }) => (next, context) => {
      const store: typeof context.store = (spec) => this.#face(context.store(spec), topology.storeName(spec) ?? '', name)
      return operator.start(next, { ...context, store })
    })
  }

  /** A scan that a method of a store has answered, watched; anything else as it is. */
  watched(answer: unknown, opened: Omit<Opened, 'where'>): unknown {
    return isScan(answer) ? this.#watch(answer, opened) : answer
  }

  /** Throws `ITERATOR_CLOSED` when scans are open: the first of them, with the stack of who opened it, and how many there are. */
  mustBeClosed(): void {
    const [first] = this.#open
    if (first === undefined) return
    const { store, by, method, where } = first
    const others = this.#open.size === 1 ? '' : `, one of ${this.#open.size} scans`
    this.#open.clear()
    throw new StoreUnavailableError(
      'ITERATOR_CLOSED',
      `${by} left a scan of store ${store} open${others}: read it to its end, leave its loop, or write \`using rows = store.${method}(…)\``,
      { cause: where, context: { store, ...(by.startsWith('step ') ? { node: by.slice('step '.length) } : {}) } },
    )
  }

  #face<S>(face: S, store: string, node: NodeName): S {
    if (typeof face !== 'object' || face === null) return face
    const methods = SCANS.flatMap((method) => {
      const scan: unknown = Object.hasOwn(face, method) ? Reflect.get(face, method) : undefined
      if (typeof scan !== 'function') return []
      const opened = { store, by: `step ${node}`, method }
      return [[method, (...args: readonly unknown[]): unknown => this.watched(Reflect.apply(scan, face, args), opened)] as const]
    })
    return methods.length === 0 ? face : { ...face, ...Object.fromEntries(methods) }
  }

  #watch(scan: Scan<unknown>, opened: Omit<Opened, 'where'>): Scan<unknown> {
    const entry = { ...opened, where: new Error(`here ${opened.by} called ${opened.method}()`) }
    this.#open.add(entry)
    return watchedScan(scan, { closed: () => this.#open.delete(entry) })
  }
}

function isScan(answer: unknown): answer is Scan<unknown> {
  return (
    typeof answer === 'object' && answer !== null && Symbol.iterator in answer && Symbol.asyncIterator in answer && Symbol.dispose in answer
  )
}
