/** Freezing of plain data, to find out who changes what isn't theirs. */

/** The same value, frozen with all objects and arrays in it. Objects of classes, and what can't be frozen (bytes, dates, maps), stay as they are. */
export function deepFrozen<T>(value: T): T {
  const waiting: unknown[] = [value]
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (!isPlain(part) || Object.isFrozen(part)) continue
    Object.freeze(part)
    waiting.push(...Object.values(part).filter((inner) => inner !== undefined))
  }
  return value
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}

/** True for the error of a step that changed something frozen, in the words of V8. */
export function isFrozenError(error: unknown): error is TypeError {
  return error instanceof TypeError && /^Cannot (?:assign to read only|add|delete|define|redefine) property/.test(error.message)
}
