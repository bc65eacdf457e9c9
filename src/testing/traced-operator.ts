/**
 * A topology whose steps tell a trace what they do: each operator is one around another, which notes what comes in, what goes on, and what it does with
 * its stores. It is a topology as any other, so tasks run it without knowing, and without a trace nothing costs anything.
 */
import type { MaybePromise } from '../base/maybe-promise.ts'
import { partitionOfTask, type TaskId } from '../model/task-id.ts'
import type {
  KeyValueStore,
  ResolvedStore,
  SessionStore,
  StoreSpec,
  TimeOrderedBuffer,
  VersionedKeyValueStore,
  WindowStore,
} from '../state/store-spec.ts'
import type { ProcessorNode } from '../topology/node.ts'
import type { AnyOperator, Emit, NodeName, OperatorContext } from '../topology/operator.ts'
import type { Topology } from '../topology/topology.ts'
import type { Placed, Row, Trace, Trigger } from './trace.ts'
import { Rows } from './traced-rows.ts'
import {
  tracedBuffer,
  tracedHistory,
  tracedKeyValues,
  tracedMatches,
  tracedPlaced,
  tracedSessions,
  tracedSlots,
  tracedVersions,
  tracedWindows,
} from './traced-stores.ts'

/** How the steps of one topology are traced. */
export class Tracing {
  readonly #topology: Topology
  readonly #trace: Trace
  /** By task and store. */
  readonly #rows: Map<string, Rows> = new Map()
  /** By task: the record that moved its stream time on last. */
  readonly #movers: Map<TaskId, Placed | undefined> = new Map()

  constructor(topology: Topology, trace: Trace) {
    this.#topology = topology
    this.#trace = trace
  }

  /** The rows of a store in a partition. A global store is one for all of them. */
  rows(store: ResolvedStore, partition: number): Rows {
    const task = this.#topology.isGlobal(store.name) ? 'all' : String(partition)
    const id = `${task}/${store.name}`
    const known = this.#rows.get(id)
    if (known !== undefined) return known
    const made = new Rows(store, task, this.#trace)
    this.#rows.set(id, made)
    return made
  }

  /** The same topology, whose steps tell what they do. */
  topology(): Topology {
    return this.#topology.withStarts((node) => this.#startOf(node))
  }

  #startOf({ name, operator }: ProcessorNode): AnyOperator['start'] {
    return (next, context) => {
      const emit = operator.start(this.#telling(next), this.#context(name, context))
      return (key, value, record) => {
        const call = this.#trace.arriving(name, key, value, record)
        if (record.timestamp === context.streamTime() && call.trigger === 'record') this.#movers.set(context.taskId, call.input)
        return this.#trace.during(call, () => emit(key, value, record))
      }
    }
  }

  #telling(next: Emit<unknown, unknown>): Emit<unknown, unknown> {
    return (key, value, record) => {
      this.#trace.emits(key, value, record.timestamp)
      return next(key, value, record)
    }
  }

  #context(node: NodeName, context: OperatorContext): OperatorContext {
    const partition = partitionOfTask(context.taskId)
    const rowsOf = (spec: StoreSpec): Rows => this.rows(this.#topology.stores.get(this.#topology.storeName(spec)!)!, partition)
    const begun = (trigger: Trigger, key: unknown, call: () => MaybePromise<void>): MaybePromise<void> => {
      const passing = { key, value: null, timestamp: context.record.timestamp }
      // What moved stream time on is what made it run.
      const input = trigger === 'stream-time' ? this.#movers.get(context.taskId) : undefined
      return this.#trace.during({ node, in: passing, trigger, input }, call)
    }
    const onCommit = (row: Row, emit: () => MaybePromise<void>): MaybePromise<void> => begun('commit', row.key, emit)
    return {
      ...context,
      children: new Map([...context.children].map(([name, emit]) => [name, this.#telling(emit)])),
      store: (spec) => tracedFace(context.store(spec), rowsOf(spec)),
      slots: (spec) => tracedSlots(context.slots(spec), rowsOf(spec), onCommit),
      windowSlots: (spec) => tracedPlaced(context.windowSlots(spec), rowsOf(spec), onCommit),
      sessionSlots: (spec) => tracedPlaced(context.sessionSlots(spec), rowsOf(spec), onCommit),
      windowRows: (spec) => tracedMatches(context.windowRows(spec), rowsOf(spec)),
      versionedSlots: (spec) => tracedVersions(context.versionedSlots(spec), rowsOf(spec), onCommit),
      schedule: (when, f) => context.schedule(when, (timestamp) => begun(when.by, null, () => f(timestamp))),
    }
  }
}

/** The face of a store, as user code or a test holds it, that tells of its rows. */
export function tracedFace<S>(face: S, rows: Rows): S {
  switch (rows.store.spec.kind) {
    case 'keyValue':
      return asFace<S>(tracedKeyValues(asFace<KeyValueStore<unknown, unknown>>(face), rows))
    case 'window':
      return asFace<S>(tracedWindows(asFace<WindowStore<unknown, unknown>>(face), rows))
    case 'session':
      return asFace<S>(tracedSessions(asFace<SessionStore<unknown, unknown>>(face), rows))
    case 'versioned':
      return asFace<S>(tracedHistory(asFace<VersionedKeyValueStore<unknown, unknown>>(face), rows))
    case 'buffer':
      return asFace<S>(tracedBuffer(asFace<TimeOrderedBuffer<unknown, unknown>>(face), rows))
  }
}

/** Sound because a store's kind tells what face it has, and a traced face is of the same type. */
function asFace<S>(face: unknown): S {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return face as S
}
