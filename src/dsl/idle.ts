/** What is wrong with an `idle` option. */
import type { Mistake } from '../base/errors.ts'
import type { IdleOptions } from './options.ts'

/** Adds what is wrong to the builder's mistakes. @internal */
export function checkIdle({ idle, name }: IdleOptions & { readonly name?: string }, mistakes: Mistake[]): void {
  const message = idleMistake(idle)
  if (message !== undefined) mistakes.push({ code: 'ARGUMENT_INVALID', message, ...(name === undefined ? {} : { node: name }) })
}

/** What is wrong; undefined: nothing. @internal */
export function idleMistake(idle: number | undefined): string | undefined {
  if (idle === undefined || (Number.isSafeInteger(idle) && idle >= 1)) return undefined
  return `idle is ${String(idle)}; give whole milliseconds, at least 1, as seconds(30), or leave it out`
}
