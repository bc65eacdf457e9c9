/** What placing an event takes and gives, as columns that are overwritten for each event, so that it makes no object. Times are ms since the epoch. */

/** The windows of one event, in the order in which they are updated. */
export interface Placements {
  count: number
  readonly starts: number[]
  readonly ends: number[]
  /**
   * Sliding windows only. What a window starts from: its own row (`OWN`; the initializer where there is none), the initializer (`FRESH`), or a copy of
   * the live window with that index, as it was before the event.
   */
  readonly from: number[]
  /** Sliding windows only: whether the event itself is in it. A window right behind it takes over what is there already. */
  readonly adds: boolean[]
}

/** The windows of the event's key around its time, in ascending order. */
export interface LiveWindows {
  count: number
  readonly starts: number[]
  readonly ends: number[]
  /** The greatest time of an event in it. */
  readonly latest: number[]
}

/** A window starts from its own row. */
export const OWN = -1

/** A window starts from the initializer, whatever its row is. */
export const FRESH = -2

/** No windows yet, to be overwritten. */
export function newPlacements(): Placements {
  return { count: 0, starts: [], ends: [], from: [], adds: [] }
}

/** No live windows yet, to be overwritten. */
export function newLiveWindows(): LiveWindows {
  return { count: 0, starts: [], ends: [], latest: [] }
}
