/**
 * Placing an event among the windows that there are already. Sessions: those within the gap of the event become one with it. Sliding windows
 * (Kafka Streams' KStreamSlidingWindowAggregate, KIP-450): an event at t has a left window [t − difference, t], and a right one that begins at t + 1 where
 * something is in it. So an event updates the windows over it, newest first; opens the right window of the event before it; opens its own left window,
 * out of the newest window that lies wholly before it; and opens its own right window out of the newest one that it updates. Windows that would begin
 * before the epoch are one, [0, difference]. Where the event before lies just one millisecond before the left window, both of these are one window, which
 * is then told of twice, as by Kafka Streams.
 */
import { FRESH, OWN, type LiveWindows, type Placements } from './placements.ts'

/** Writes the one session of an event into `into`: all live ones within the gap and the event. */
export function placeSession(timestamp: number, live: LiveWindows, into: Placements): void {
  let start = timestamp
  let end = timestamp
  for (let i = 0; i < live.count; i++) {
    start = Math.min(start, live.starts[i]!)
    end = Math.max(end, live.ends[i]!)
  }
  into.starts[0] = start
  into.ends[0] = end
  into.count = 1
}

/** Writes the sliding windows of an event into `into`; `live` begin at most twice the difference before it, and one millisecond behind it. */
export function placeSliding(differenceMs: number, timestamp: number, live: LiveWindows, into: Placements): void {
  const event: Event = { differenceMs, timestamp, live, into, right: undefined, before: undefined }
  into.count = 0
  if (timestamp < differenceMs) placeEarly(event)
  else placeLate(event)
}

/** Stands for "every window of the event is there". */
const ALL = -1

/** An event on its way among windows. */
interface Event {
  readonly differenceMs: number
  readonly timestamp: number
  readonly live: LiveWindows
  readonly into: Placements
  /** Index of the newest live window that holds the event and later ones. */
  right: number | undefined
  /** Time of the event before it. */
  before: number | undefined
}

function placeLate(event: Event): void {
  const { differenceMs, timestamp } = event
  const left = updateAround(event)
  // An event of the same time was here before: all windows of both are there.
  if (left === ALL) return
  const { before } = event
  if (before !== undefined && before + 1 + differenceMs >= timestamp) addRightOfBefore(event)
  const startsEmpty = left === undefined || before === undefined || before < timestamp - differenceMs
  if (!isLive(event, timestamp - differenceMs)) add(event, timestamp - differenceMs, startsEmpty ? FRESH : left)
  addRight(event)
}

/** Updates the live windows that hold the event, newest first; answers the newest one that lies wholly before it, and `ALL` when nothing is to be added. */
function updateAround(event: Event): number | undefined {
  const { differenceMs, timestamp, live } = event
  for (let i = live.count - 1; i >= 0; i--) {
    const start = live.starts[i]!
    const end = start + differenceMs
    if (start > timestamp) continue
    if (end < timestamp) {
      event.before = live.latest[i]!
      return i
    }
    add(event, start, OWN)
    if (end > timestamp) event.right ??= i
    else if (live.latest[i]! >= timestamp) return ALL
    else event.before = live.latest[i]!
  }
  return undefined
}

/** Before the first whole window: all that is left of the event is in [0, difference]. */
function placeEarly(event: Event): void {
  const { timestamp, live } = event
  let first: number | undefined
  for (let i = 0; i < live.count; i++) {
    const start = live.starts[i]!
    if (start === 0) {
      first = i
      if (live.latest[i]! < timestamp) event.before = live.latest[i]!
    } else if (start <= timestamp) {
      event.right = i
      add(event, start, OWN)
    }
  }
  // Without a window in between, everything in the first one is later than the event.
  event.right ??= first
  addRight(event)
  if (event.before !== undefined) addRightOfBefore(event)
  add(event, 0, first === undefined ? FRESH : OWN)
}

function addRightOfBefore(event: Event): void {
  const start = event.before! + 1
  if (!isLive(event, start)) add(event, start, FRESH)
}

function addRight(event: Event): void {
  const { timestamp, live, right, into } = event
  if (right === undefined || live.latest[right]! <= timestamp || isLive(event, timestamp + 1)) return
  add(event, timestamp + 1, right)
  into.adds[into.count - 1] = false
}

function isLive({ live }: Event, start: number): boolean {
  for (let i = 0; i < live.count; i++) if (live.starts[i] === start) return true
  return false
}

function add({ into, differenceMs }: Event, start: number, from: number): void {
  const { count } = into
  into.starts[count] = start
  into.ends[count] = start + differenceMs
  into.from[count] = from
  into.adds[count] = true
  into.count++
}
