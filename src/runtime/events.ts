/** The events of an application and their listeners. A listener that throws is logged and changes nothing. */
import type { StreamsError } from '../base/errors.ts'
import type { RebalanceCause } from '../kafka/subscription.ts'
import type { TaskId } from '../model/task-id.ts'
import type { AppState } from './states.ts'

/** What an application tells. Times are milliseconds since the epoch. */
export interface AppEvents {
  /** The application moved to another state. */
  readonly state: { readonly at: number; readonly state: AppState; readonly before: AppState }
  /** Tasks were assigned, kept and given up. */
  readonly rebalance: {
    readonly at: number
    readonly thread: string
    readonly generation: number
    readonly cause: RebalanceCause
    /** From the moment its tasks stopped to the moment they went on. */
    readonly durationMs: number
    readonly assigned: readonly TaskId[]
    readonly revoked: readonly TaskId[]
    /** Dropped without a commit before. */
    readonly lost: readonly TaskId[]
    /** In the whole group: tasks that have another owner than before, and all tasks. */
    readonly movedTasks: number
    readonly totalTasks: number
    readonly restoredRecords: number
  }
  /** A task moved to another state. One owner has it from RUNNING to SUSPENDED or CLOSED. */
  readonly task: { readonly at: number; readonly thread: string; readonly taskId: TaskId; readonly state: TaskState }
  /** A store was restored, or is on its way: once a second. */
  readonly restore: {
    readonly at: number
    readonly taskId: TaskId
    readonly store: string
    readonly phase: 'start' | 'progress' | 'end'
    readonly restored: number
    readonly total: number
  }
  /** Positions were committed. */
  readonly commit: { readonly at: number; readonly thread: string; readonly tasks: readonly TaskId[]; readonly durationMs: number }
  /** Something failed: a thread, or a record about which was decided. */
  readonly error: { readonly at: number; readonly error: StreamsError; readonly decision?: 'skip' | 'dead-letter' | 'retry' }
}

/**
 * RESTORING: it was assigned and gets its stores. RUNNING: it processes. SUSPENDED: it stands at a record's edge with everything committed, while the
 * group decides who owns it. CLOSED: it is somebody else's.
 */
export type TaskState = 'RESTORING' | 'RUNNING' | 'SUSPENDED' | 'CLOSED'

/** The name of an event. */
export type AppEventName = keyof AppEvents

type Listener<Name extends AppEventName> = (event: AppEvents[Name]) => void

type Listeners = { readonly [Name in AppEventName]: Set<Listener<Name>> }

/** Tells listeners of events. */
export class EventHub {
  readonly #listeners: Listeners = {
    state: new Set(),
    rebalance: new Set(),
    task: new Set(),
    restore: new Set(),
    commit: new Set(),
    error: new Set(),
  }
  readonly #failed: (error: unknown, event: AppEventName) => void

  constructor(failed: (error: unknown, event: AppEventName) => void) {
    this.#failed = failed
  }

  /** Adds a listener; the answer removes it. */
  on<Name extends AppEventName>(name: Name, listener: Listener<Name>): () => void {
    const listeners: Set<Listener<Name>> = this.#listeners[name]
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }

  /** Tells all listeners, each on its own. */
  emit<Name extends AppEventName>(name: Name, event: AppEvents[Name]): void {
    const listeners: ReadonlySet<Listener<Name>> = this.#listeners[name]
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#failed(error, name)
      }
    }
  }
}
