/** A versioned table as lists of what held when. */
import { NaiveVersions } from '../../support/naive-versions.ts'
import type { In } from './harness.ts'

/** B3, K4: what held at a time, of all keys together. */
export function naiveTable(history: number): {
  put: (record: In) => number | undefined
  at: (key: string | null, time: number) => string | null
} {
  const versions = new Map<string | null, NaiveVersions>()
  let latest = -1
  return {
    put: ({ key, value, timestamp }) => {
      if (timestamp < latest - history) return undefined
      const row = versions.get(key) ?? new NaiveVersions()
      versions.set(key, row)
      latest = Math.max(latest, timestamp)
      return row.put(timestamp, value)
    },
    at: (key, time) => {
      const found = versions.get(key)?.at(time)
      return found === undefined || (found.validTo < Infinity && time < latest - history) ? null : found.value
    },
  }
}
