/**
 * The versions of one key, oldest first: pure rules over an array. A version holds from its own time to that of the next one; null is a delete, which is a
 * version too. The rules are those that Kafka Streams' segments of versions come to, seen as one list; `bounded` is what of the segments can be told from
 * outside: whether something older is written down as ending at this version. A newest value without it that is deleted at its own time leaves no trace.
 */

/** One version. */
export interface Version {
  /** Its time, in ms. */
  readonly from: number
  /** The value; null: deleted. */
  bytes: Uint8Array | null
  bounded: boolean
}

/** Told of each version that was written or went, by its time. */
export type Changed = (from: number) => void

/** Puts a version in its place; answers the time of the next one: that is how long it holds. Infinite: it is the newest. */
export function putVersion(list: Version[], from: number, bytes: Uint8Array | null, changed: Changed): number {
  const at = versionAt(list, from)
  const next = list[at + 1]
  changed(from)
  if (next === undefined) {
    putNewest(list, from, bytes)
    return Number.POSITIVE_INFINITY
  }
  // What ends at the next version is written down from now on.
  if (!next.bounded) {
    next.bounded = true
    changed(next.from)
  }
  const same = list[at]
  if (same?.from === from) same.bytes = bytes
  else list.splice(at + 1, 0, { from, bytes, bounded: true })
  return next.from
}

function putNewest(list: Version[], from: number, bytes: Uint8Array | null): void {
  const last = list.at(-1)
  if (last?.from !== from) list.push({ from, bytes, bounded: bytes === null || (last !== undefined && last.bytes !== null) })
  else if (bytes === null && last.bytes !== null && !last.bounded) list.pop()
  else last.bytes = bytes
}

/** Where the version that holds at a time stands; −1: there was none yet. */
export function versionAt(list: readonly Version[], time: number): number {
  let at = list.length - 1
  while (at >= 0 && list[at]!.from > time) at--
  return at
}

/** Takes out the versions whose end `isOver`, and a newest delete that is over itself; a newest value stays for ever. */
export function expireVersions(list: Version[], isOver: (end: number) => boolean, changed: Changed): void {
  while (list.length > 0 && isOver(endOf(list))) changed(list.shift()!.from)
}

/** When the first version of a list ends: a delete that nothing follows, at once. */
function endOf([first, next]: readonly Version[]): number {
  if (next !== undefined) return next.from
  return first!.bytes === null ? first!.from : Number.POSITIVE_INFINITY
}

/** How long a segment of versions is, in ms, that are kept for so long (Kafka Streams' RocksDbVersionedKeyValueBytesStoreSupplier). */
export function versionSegmentMs(historyMs: number): number {
  if (historyMs <= 60_000) return Math.max(Math.floor(historyMs / 3), 2_000)
  if (historyMs <= 300_000) return Math.max(Math.floor(historyMs / 5), 20_000)
  if (historyMs <= 3_600_000) return Math.max(Math.floor(historyMs / 12), 60_000)
  return Math.max(Math.floor(historyMs / 24), 300_000)
}
