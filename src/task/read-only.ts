/** A global store as tasks see it: they read it, and only its own source writes it. */
import { ProcessingError } from '../base/errors.ts'
import type { StoreName } from '../state/store-spec.ts'

/** The methods that write, of stores of all kinds. */
const WRITES = ['put', 'putIfAbsent', 'delete'] as const

/** The face of a store whose writing methods throw `STORE_NOT_CONNECTED`. */
export function readOnly<F extends object>(face: F, store: StoreName): F {
  const refuse = (): never => {
    const message = `store ${store} is global: only its own source writes it, a step can only read it`
    throw new ProcessingError('STORE_NOT_CONNECTED', message, { context: { store } })
  }
  return { ...face, ...Object.fromEntries(WRITES.filter((method) => method in face).map((method) => [method, refuse])) }
}
