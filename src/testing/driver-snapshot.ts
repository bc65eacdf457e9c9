/**
 * A point in a driver's life. What it takes to come back to it is kept beside the value that a test holds, out of its reach: the history up to there, and
 * what wasn't read yet. Taking one copies no state, whatever the stores hold.
 */
import { ConfigError } from '../base/errors.ts'
import type { Topology } from '../topology/topology.ts'
import type { DriverHistory, HistoryMark } from './driver-history.ts'
import type { Unread } from './driver-run.ts'

/** What `driver.snapshot()` answers: hand it to `restore`. */
export interface DriverSnapshot {
  /** The wall clock, in ms since the epoch. */
  readonly wallClock: number
  /** The greatest stream time of all tasks, in ms since the epoch; −1 before any record. */
  readonly streamTime: number
}

/** What it takes to come back. */
export interface Saved {
  readonly topology: Topology
  readonly history: DriverHistory
  readonly mark: HistoryMark
  readonly unread: Unread
  readonly startTime: number
}

const SAVED: WeakMap<DriverSnapshot, Saved> = new WeakMap()

/** A snapshot that stands for what was saved. */
export function takeSnapshot(saved: Saved, shown: DriverSnapshot): DriverSnapshot {
  const snapshot = Object.freeze({ ...shown })
  SAVED.set(snapshot, saved)
  return snapshot
}

/** What was saved. Throws `CONFIG_VALUE` for what no driver has made. */
export function savedOf(snapshot: DriverSnapshot): Saved {
  const saved = SAVED.get(snapshot)
  if (saved !== undefined) return saved
  throw new ConfigError('CONFIG_VALUE', 'this is no snapshot: hand over what snapshot() answered, as it came')
}
