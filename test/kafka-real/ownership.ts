/** Who owned a task when, from what the processes printed: each has it from RUNNING until it is SUSPENDED (it stands, all committed) or CLOSED. */
import type { AppEvent } from './processes.ts'

/** A time in which a process owned a task, in ms since the epoch. */
export interface Ownership {
  readonly owner: string
  readonly taskId: string
  readonly from: number
  /** Infinity: it still does, or ended without a word. */
  readonly to: number
}

/** The times in which one process owned tasks. `goneAt` is when it ended, if it did. */
export function ownerships(owner: string, events: readonly AppEvent[], goneAt: number = Number.POSITIVE_INFINITY): readonly Ownership[] {
  const open = new Map<string, number>()
  const found: Ownership[] = []
  for (const { event, taskId, state, at } of events) {
    if (event !== 'task') continue
    const id = String(taskId)
    const from = open.get(id)
    if (state === 'RUNNING') open.set(id, from ?? Number(at))
    else if (from !== undefined) {
      open.delete(id)
      found.push({ owner, taskId: id, from, to: Number(at) })
    }
  }
  return [...found, ...[...open].map(([taskId, from]) => ({ owner, taskId, from, to: goneAt }))]
}

/** Pairs of times in which two processes owned the same task. */
export function overlaps(all: readonly Ownership[]): readonly (readonly [Ownership, Ownership])[] {
  return all.flatMap((a, i) =>
    all
      .slice(i + 1)
      .filter((b) => a.taskId === b.taskId && a.owner !== b.owner && a.from < b.to && b.from < a.to)
      .map((b) => [a, b] as const),
  )
}
