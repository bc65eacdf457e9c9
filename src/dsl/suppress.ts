/** What `suppress` is told: until when changes are held back, and within which bounds. */
import { TopologyError, type Mistake } from '../base/errors.ts'
import type { SuppressOptions } from '../operators/suppress.ts'
import { suppress, suppressReader } from '../operators/suppress.ts'
import type { Windowed } from '../model/window.ts'
import type { BufferStoreSpec } from '../state/store-spec.ts'
import type { Call } from '../topology/graph.ts'
import type { Traits } from '../topology/operator.ts'
import type { TableParts } from './handle.ts'
import type { KTable } from './ktable.ts'
import { idleMistake } from './idle.ts'
import type { IdleOptions, StepOptions } from './options.ts'

/** Bounds of the buffer, and its changelog. */
export interface BufferOptions extends IdleOptions {
  /** At most so many keys wait; unbounded when left out. */
  readonly maxRecords?: number
  /** At most so many bytes wait, by Kafka Streams' estimate; unbounded when left out. */
  readonly maxBytes?: number
  /** What happens past a bound: `fail` stops the task, `emit-early` lets the first rows through before their time. */
  readonly onFull?: 'emit-early' | 'fail'
  /** False: no changelog, what waits is lost with its task. A record: topic configs that override the defaults. */
  readonly changelog?: boolean | Readonly<Record<string, string>>
}

/** Holds a window's result back until it is final. Made by `untilWindowCloses`. */
export interface UntilWindowCloses extends BufferOptions {
  readonly until: 'window-closes'
}

/** Holds changes back for a time. Made by `untilTimeLimit`. */
export interface UntilTimeLimit extends BufferOptions {
  readonly until: 'time-limit'
  readonly ms: number
}

/** What a table with keys `K` can be suppressed by. */
export type Until<K> = K extends Windowed<unknown> ? UntilWindowCloses | UntilTimeLimit : UntilTimeLimit

/**
 * Lets one result of each key and window through: the last one, when the window and its grace have passed in stream time. Null results are dropped. Past
 * a bound it fails unless told otherwise. With `idle` the windows of the aggregations above close with it. `counts.suppress(untilWindowCloses())`
 */
export function untilWindowCloses(options: BufferOptions = {}): UntilWindowCloses {
  return Object.freeze({ ...checked(options, 'untilWindowCloses'), until: 'window-closes' })
}

/**
 * Lets the last change of each key through when stream time is so many ms past the first one that was held back. Past a bound the first rows go early
 * unless told otherwise. `totals.suppress(untilTimeLimit(minutes(5), { maxRecords: 10_000 }))`
 */
export function untilTimeLimit(ms: number, options: BufferOptions = {}): UntilTimeLimit {
  if (!Number.isSafeInteger(ms) || ms < 0) throw wrong(`untilTimeLimit: the limit is ${String(ms)}; give whole milliseconds, at least 0`)
  return Object.freeze({ ...checked(options, 'untilTimeLimit'), until: 'time-limit', ms })
}

/** Appends the step and answers the table of what it lets through. @internal */
export function suppressTable<K, V, D extends boolean>(
  parts: TableParts<K, V>,
  until: UntilWindowCloses | UntilTimeLimit,
  { name, onError }: StepOptions,
): KTable<K, V, D> {
  const { graph, call, key, value, reader } = parts
  const { changelog, maxBytes = Number.POSITIVE_INFINITY, maxRecords = Number.POSITIVE_INFINITY } = until
  const store: BufferStoreSpec<K, V> = Object.freeze({
    kind: 'buffer',
    countsBytes: Number.isFinite(maxBytes),
    ...(name === undefined ? {} : { name: `${name}-store` }),
    ...(changelog === undefined ? {} : { changelog }),
  })
  if (reader?.versions !== undefined) {
    const message = 'suppress(…) holds back one row a key, and this table is versioned: take a keyValueStore above it'
    graph.mistakes.push({ code: 'TOPOLOGY_INVALID', message, ...(name === undefined ? {} : { node: name }) })
  }
  const onFull = until.onFull ?? (until.until === 'window-closes' ? 'fail' : 'emit-early')
  const waits = waitOf(until, parts, graph.mistakes)
  const operator = suppress<K, V>({ store, maxRecords, maxBytes, onFull, idleMs: until.idle, ...waits })
  const step = graph.add({ kind: 'step', name, operator, parents: [call], key, value, storeSerdes: { key, value }, onError })
  const through = reader === undefined ? undefined : suppressReader(reader, store)
  return parts.makers.table<K, V, D>({ ...parts, call: step, reader: through })
}

type Wait = Pick<SuppressOptions<unknown, unknown>, 'waitMs' | 'by' | 'closings'>

/** Time limits count from the record; final results from the end of the window, whose grace the aggregation above says. */
function waitOf(until: UntilWindowCloses | UntilTimeLimit, { call }: { readonly call: Call }, mistakes: Mistake[]): Wait {
  if (until.until === 'time-limit') return { waitMs: until.ms, by: 'record' }
  const closings = closingsOf(call)
  const closing = closings?.reduce((latest, each) => (each.afterMs > latest.afterMs ? each : latest))
  if (closing !== undefined && closings !== undefined)
    return { waitMs: closing.afterMs, by: closing.inclusive ? 'inclusive-window-end' : 'window-end', closings }
  mistakes.push({
    code: 'SUPPRESS_UNWINDOWED',
    message: 'suppress(untilWindowCloses()) needs a table of windows: say windowedBy(…) before the aggregation, or untilTimeLimit(ms)',
  })
  return { waitMs: 0, by: 'record' }
}

type Closing = NonNullable<Traits['closing']>

/** When the windows of a table close: all that it comes from must say so. */
function closingsOf(call: Call): readonly Closing[] | undefined {
  if (!('parents' in call)) return undefined
  const own = call.kind === 'step' ? call.operator.traits.closing : undefined
  if (own !== undefined) return [own]
  const all: Closing[] = []
  for (const parent of call.parents) {
    const closings = closingsOf(parent)
    if (closings === undefined) return undefined
    all.push(...closings)
  }
  return all.length === 0 ? undefined : all
}

function checked(options: BufferOptions, call: string): BufferOptions {
  for (const bound of ['maxRecords', 'maxBytes'] as const) {
    const most = options[bound]
    if (most !== undefined && !(most >= 1)) throw wrong(`${call}: ${bound} is ${String(most)}; give a number above 0, or leave it out`)
  }
  const idle = idleMistake(options.idle)
  if (idle !== undefined) throw wrong(`${call}: ${idle}`)
  return options
}

function wrong(message: string): TopologyError {
  return new TopologyError([{ code: 'ARGUMENT_INVALID', message }])
}
