/**
 * Records of a left or outer join that met nothing, until their window has closed. They wait in one store for both sides, in lists by time, side and
 * key (Kafka Streams' shared outer join store: its bytes, its order, its conditions). They are told when a record moves the join's stream time to its
 * own, before that record's look-up, and at most once in so many ms of the wall clock: in order of time, right before left, then key bytes, each with its
 * own time and the arriving record's headers. A scan ends where both sides have one whose window is open; what it looked at last decides when there
 * is a next one, as in Kafka Streams, and that may be later than the first one that waits would need.
 */
import { chain, type MaybePromise } from '../../base/maybe-promise.ts'
import type { RecordContext } from '../../model/record.ts'
import { visitRows } from '../../state/scan.ts'
import type { KeyValueStore, KeyValueStoreSpec, Slots } from '../../state/store-spec.ts'
import { stamped, type Emit, type OperatorContext } from '../../topology/operator.ts'
import { valueOf } from '../result.ts'
import { goOnInSilence, keepStepTime, newStepTime, type StepTime } from '../step-time.ts'
import type { JoinWindows } from './join-windows.ts'
import type { Waiting, WaitingKey } from './unmatched-serdes.ts'

/** The store of records that wait. */
export type UnmatchedSpec<K, L, R> = KeyValueStoreSpec<WaitingKey<K>, readonly Waiting<L, R>[]>

/** A join whose records may come out alone. */
export interface UnmatchedJoin<K, L, R, VOut> {
  readonly windows: JoinWindows
  /** Undefined where they don't wait. */
  readonly unmatched: UnmatchedSpec<K, L, R> | undefined
  readonly join: (left: L | null, right: R | null, key: K) => VOut
}

/** What one side of a join does with records that may come out alone. Times are ms of stream time. */
export interface UnmatchedRecords<K, W> {
  /** Takes note of an arriving record's time. */
  observe(timestamp: number): void
  /** Whether a record is told at once, whose window ends then. */
  isOver(latest: number): boolean
  /** Lets a record wait. */
  add(key: K, waiting: W, timestamp: number): void | Promise<void>
  /** The records of the other side with this key and time have met one: they wait no longer. */
  met(key: K, timestamp: number): void | Promise<void>
  /** Tells the records whose window has closed, if it is time to look. */
  tellClosed(record: RecordContext): void | Promise<void>
  /** After so many ms of silence the join's time goes on with the clock; `observe` is told up to when. What is closed by then is told. */
  goOnInSilence(idleMs: number, observe: (time: number) => void): void
}

type WaitingJoin<K, L, R, VOut> = UnmatchedJoin<K, L, R, VOut> & { readonly unmatched: UnmatchedSpec<K, L, R> }

interface Below<K, VOut> {
  readonly next: Emit<K, VOut>
  readonly context: OperatorContext
}

/** What both sides of a join have in common in one task. */
interface Tracker {
  readonly time: StepTime
  /** Time of the record that was looked at last, or of an earlier one that came since. */
  minTime: number
  /** Wall clock before which nobody looks again. */
  nextLook: number
}

/** Opens what waits, for one side. */
export function openUnmatched<K, L, R, VOut>(
  join: UnmatchedJoin<K, L, R, VOut>,
  isLeft: boolean,
  { next, context }: Below<K, VOut>,
): UnmatchedRecords<K, Waiting<L, R>> {
  const { windows, unmatched } = join
  const tracker = context.shared<Tracker>(join, () => ({ time: newStepTime(), minTime: Number.POSITIVE_INFINITY, nextLook: 0 }))
  const { time } = tracker
  const observe = (timestamp: number): void => {
    if (timestamp > time.observed) time.observed = timestamp
  }
  const inSilence =
    (tell: (record: RecordContext) => void | Promise<void>): UnmatchedRecords<K, Waiting<L, R>>['goOnInSilence'] =>
    (idleMs, told) => {
      keepStepTime(time, context, [time], told)
      const goOn = (record: RecordContext): void | Promise<void> => {
        told(time.observed)
        return tell(record)
      }
      goOnInSilence({ idleMs, times: [time], goOn }, context)
    }
  if (unmatched === undefined) {
    const nothing = (): undefined => undefined
    return { observe, isOver: () => true, add: nothing, met: nothing, tellClosed: nothing, goOnInSilence: inSilence(nothing) }
  }
  const store = context.store<KeyValueStore<WaitingKey<K>, readonly Waiting<L, R>[]>>(unmatched)
  const closing = new Closing({ ...join, unmatched }, tracker, { next, context })
  const afterMs = (isLeft ? windows.afterMs : windows.beforeMs) + windows.graceMs
  return {
    observe,
    isOver: (latest) => latest < time.observed,
    add: (key, waiting, timestamp) => {
      tracker.minTime = Math.min(tracker.minTime, timestamp)
      const place = { timestamp, isLeft, key }
      return chain(store.get(place), (before = []) => store.put(place, [...before, waiting]))
    },
    met: (key, timestamp) => {
      const place = { timestamp, isLeft: !isLeft, key }
      const found = store.get(place)
      if (found instanceof Promise) return found.then((list) => (list === undefined ? undefined : store.put(place, null)))
      return found === undefined ? undefined : store.put(place, null)
    },
    tellClosed: (record) => (record.timestamp === time.observed ? look(record) : undefined),
    goOnInSilence: inSilence(look),
  }

  /** Scans, if something may be closed and it is time to. */
  function look(record: RecordContext): void | Promise<void> {
    const { minTime, nextLook } = tracker
    // What waits is not known after a restart: then it is looked for. Kafka Streams adds to the greatest long there, which makes a negative, so it
    // looks too, unless nothing is added.
    if (minTime === Number.POSITIVE_INFINITY ? context.parity && afterMs <= 0 : minTime + afterMs >= time.observed) return undefined
    const now = context.now()
    if (now < nextLook) return undefined
    tracker.nextLook = now + context.scanIntervalMs
    return closing.scan(record)
  }
}

/** A scan over what waits, in order, that tells what is closed. */
class Closing<K, L, R, VOut> {
  readonly #join: WaitingJoin<K, L, R, VOut>
  readonly #tracker: Tracker
  readonly #context: OperatorContext
  readonly #forward: ReturnType<typeof stamped<K, VOut>>
  readonly #slots: Slots<WaitingKey<K>, readonly Waiting<L, R>[]>
  readonly #store: KeyValueStore<WaitingKey<K>, readonly Waiting<L, R>[]>
  #leftIsOpen = false
  #rightIsOpen = false
  /** In parity mode: what was told last, which goes when the next one was told or the scan ends, so not where telling that fails. */
  #told: WaitingKey<K> | undefined = undefined

  constructor(join: WaitingJoin<K, L, R, VOut>, tracker: Tracker, { next, context }: Below<K, VOut>) {
    this.#join = join
    this.#tracker = tracker
    this.#context = context
    this.#forward = stamped(next)
    this.#slots = context.slots(join.unmatched)
    this.#store = context.store(join.unmatched)
  }

  scan(record: RecordContext): MaybePromise<void> {
    this.#tracker.minTime = Number.POSITIVE_INFINITY
    this.#leftIsOpen = false
    this.#rightIsOpen = false
    this.#told = undefined
    return chain(
      visitRows(this.#slots.rows(), ([key, waiting]) => this.#visit(key, waiting, record)),
      () => this.#gone(undefined),
    )
  }

  #gone(key: WaitingKey<K> | undefined): void {
    const gone = this.#context.parity ? this.#told : key
    this.#told = key
    if (gone !== undefined) this.#store.put(gone, null)
  }

  /** Answers whether to go on. */
  #visit(key: WaitingKey<K>, waiting: readonly Waiting<L, R>[], record: RecordContext): MaybePromise<boolean> {
    this.#tracker.minTime = key.timestamp
    if (this.#leftIsOpen && this.#rightIsOpen) return false
    if (this.#isOpen(key)) {
      if (key.isLeft) this.#leftIsOpen = true
      else this.#rightIsOpen = true
      // Where one of several has shown that both are open, the next one ends the scan.
      return !(this.#leftIsOpen && this.#rightIsOpen && waiting.length > 1)
    }
    return chain(this.#tell(key, waiting, record, 0), () => {
      this.#gone(key)
      return true
    })
  }

  #isOpen({ timestamp, isLeft }: WaitingKey<K>): boolean {
    const { beforeMs, afterMs, graceMs } = this.#join.windows
    return timestamp + (isLeft ? afterMs : beforeMs) + graceMs >= this.#tracker.time.observed
  }

  #tell(place: WaitingKey<K>, waiting: readonly Waiting<L, R>[], record: RecordContext, from: number): void | Promise<void> {
    const { key, timestamp } = place
    for (let i = from; i < waiting.length; i++) {
      const one = waiting[i]!
      const value = one.isLeft ? this.#join.join(one.value, null, key) : this.#join.join(null, one.value, key)
      const told = this.#forward(key, valueOf(value, this.#context, 'a value or null'), record, timestamp)
      if (told !== undefined) return told.then(() => this.#tell(place, waiting, record, i + 1))
    }
    return undefined
  }
}
