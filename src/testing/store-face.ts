/**
 * A store as a test holds it: the face of the run that the driver is in now, so it may be kept over a `restore`. What a test changes in a store itself
 * becomes part of the history. So do its reads where a store keeps its least recently used entries: they decide who goes next.
 */
import type { ResolvedStore } from '../state/store-spec.ts'
import { methodOf, type DriverRun } from './driver-run.ts'

/** Methods that change a store, of stores of all kinds. */
const CHANGES: ReadonlySet<string> = new Set(['put', 'putIfAbsent', 'delete', 'evict'])
const USES: ReadonlySet<string> = new Set(['get', 'entry'])

/** The face of a store in whatever run there is. */
export function storeFace({ name, spec }: ResolvedStore, partition: number, run: () => DriverRun): object {
  const face = (): object => run().holder(name, partition)!.state.store(name)
  const bounded = spec.kind === 'keyValue' && spec.maxEntries !== undefined
  const isCall = (method: string): boolean => CHANGES.has(method) || (bounded && USES.has(method))
  return new Proxy(face(), {
    get: (_made, member): unknown => {
      const now = face()
      const found: unknown = Reflect.get(now, member)
      if (typeof found !== 'function' || typeof member !== 'string') return found
      return isCall(member)
        ? (...args: readonly unknown[]) => run().callStore({ store: name, partition, method: member, args })
        : (...args: readonly unknown[]) => {
            const opened = { store: name, by: 'the test', method: member }
            return run().scans.watched(methodOf(now, member)(...args), opened)
          }
    },
  })
}
