/** What stores of every kind refuse. */
import { SerdeError, StoreUnavailableError } from '../base/errors.ts'
import type { StoreName } from './store-spec.ts'

/** A key of null or undefined. */
export function nullKey(store: StoreName): SerdeError {
  return new SerdeError('SERDE_ENCODE', `a key of store ${store} is null: a store has no row for it, so test for null before`)
}

/** A call of a face whose task was closed. */
export function storeClosed(store: StoreName): StoreUnavailableError {
  return new StoreUnavailableError('STORE_CLOSED', `store ${store} was used after its task was closed`, { context: { store } })
}
