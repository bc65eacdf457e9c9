/** Copies of user values, for what is shown or done again later: live ones are overwritten by the next record. */

/** A copy of a value that may change. What can't be copied (objects of classes, functions) and what is frozen stays as it is. */
export function kept(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  // A table's change holds values of its own kind.
  if (isChange(value)) return { value: kept(value.value), old: kept(value.old), latest: value.latest }
  try {
    return isData(value) ? structuredClone(value) : value
  } catch {
    return value
  }
}

/** Whether a value is what tables send each other: a row's new and old value. */
export function isChange(value: unknown): value is { readonly value: unknown; readonly old: unknown; readonly latest: unknown } {
  return typeof value === 'object' && value !== null && 'value' in value && 'old' in value && 'latest' in value
}

const COPIED: readonly unknown[] = [
  Object.prototype,
  Array.prototype,
  Map.prototype,
  Set.prototype,
  Date.prototype,
  Uint8Array.prototype,
  null,
]

/** Plain data, and what copies well of the rest. */
function isData(value: object): boolean {
  return COPIED.includes(Object.getPrototypeOf(value))
}
