/** Windows so short that seconds were probably meant: times are milliseconds everywhere. */
import type { ResolvedStore } from '../state/store-spec.ts'

/** A window store whose size is in doubt. */
export interface ShortWindow {
  readonly store: string
  readonly sizeMs: number
  readonly message: string
}

const SHORT_MS = 10

/** The window stores of a topology with windows of less than 10 ms. A size of 0 is meant: it can't be anything else. */
export function shortWindows({ stores }: { readonly stores: ReadonlyMap<string, ResolvedStore> }): readonly ShortWindow[] {
  return [...stores.values()].flatMap(({ name, spec }): ShortWindow[] => {
    if (spec.kind !== 'window' || spec.sizeMs >= SHORT_MS || spec.sizeMs === 0) return []
    const { sizeMs } = spec
    const message = `store ${name} has windows of ${sizeMs} ms: times are milliseconds; seconds(${sizeMs}) is ${sizeMs * 1_000}`
    return [{ store: name, sizeMs, message }]
  })
}
