/**
 * The commit of a thread's tasks, in the one order that loses nothing: flush the stores, produce, wait until every record is acknowledged,
 * commit the positions, and only then write the stores with their changelog offsets. A crash between two steps leaves the store behind, never
 * ahead of what was committed; the tail of the changelog fills it again.
 */
import { assert } from '../base/errors.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import type { TaskId } from '../model/task-id.ts'
import type { StoreName } from '../state/store-spec.ts'
import type { StreamTask } from '../task/stream-task.ts'
import { encodeTimes } from './partition-time.ts'

/** A position to commit: the next offset to process, with its metadata. */
export interface Position {
  readonly tp: TopicPartition
  readonly offset: number
  readonly metadata: string
}

/** What a commit needs of its thread. */
export interface CommitPorts {
  readonly applicationId: string
  /** Sends everything that was appended, and settles when all of it is acknowledged. */
  produce(): Promise<void>
  commit(positions: readonly Position[]): Promise<void>
  /** One behind the last acknowledged record of a partition; undefined: nothing was written there. */
  written(tp: TopicPartition): number | undefined
}

/** Commits the tasks of one thread. */
export class Committer {
  readonly #ports: CommitPorts
  readonly #committed: Map<string, number> = new Map()
  /** The times of steps that were committed last, by task, as text. */
  readonly #times: Map<TaskId, string> = new Map()

  constructor(ports: CommitPorts) {
    this.#ports = ports
  }

  /** Takes note of a position that was committed before, so that it isn't committed again unchanged. */
  resume(tp: TopicPartition, offset: number): void {
    this.#committed.set(partitionKey(tp), offset)
  }

  /** The position committed last; undefined: none. */
  committed(tp: TopicPartition): number | undefined {
    return this.#committed.get(partitionKey(tp))
  }

  /**
   * Commits these tasks, but for those whose deferred records must end first: they take no others until they are committed. Answers which were. When it
   * rejects, the tasks' stores hold uncommitted writes: close them dirty.
   */
  async commit(all: readonly StreamTask[]): Promise<readonly StreamTask[]> {
    const tasks: StreamTask[] = []
    for (const task of all) if (await flushed(task)) tasks.push(task)
    await this.#ports.produce()
    for (const task of tasks) assert(task.inFlight === 0, `task ${task.id} has ${task.inFlight} records in flight at its commit`)
    const times = new Map(tasks.map((task) => [task, timesOf(task)]))
    const positions = tasks.flatMap((task) => this.#changed(task, times.get(task) !== this.#times.get(task.id)))
    if (positions.length > 0) await this.#ports.commit(positions)
    for (const { tp, offset } of positions) this.resume(tp, offset)
    for (const [{ id }, text] of times) this.#times.set(id, text)
    for (const task of tasks) {
      await task.land(this.#changelogOffsets(task))
      task.commitRequested = false
    }
    return tasks
  }

  /** The positions that have moved; all of a task's where only the times of its steps have: they go on in silence, too. */
  #changed(task: StreamTask, haveMoved: boolean): Position[] {
    const { times } = task.steps
    const isLater = times.size > 0 && haveMoved
    return task
      .positions()
      .filter(({ tp, offset }) => isLater || this.#committed.get(partitionKey(tp)) !== offset)
      .map(({ tp, offset, partitionTime }) => ({ tp, offset, metadata: encodeTimes({ partitionTime, times }) }))
  }

  #changelogOffsets(task: StreamTask): ReadonlyMap<StoreName, number> {
    const offsets = new Map<StoreName, number>()
    for (const store of task.subtopology.stores) {
      if (store.changelog === undefined) continue
      const { topic, source } = store.changelog
      const tp = { topic: source ? topic : `${this.#ports.applicationId}-${topic}`, partition: task.partition }
      const next = source ? this.#committed.get(partitionKey(tp)) : this.#ports.written(tp)
      if (next !== undefined) offsets.set(store.name, next)
    }
    return offsets
  }
}

/** The times of a task's steps, to compare them. */
function timesOf({ steps }: StreamTask): string {
  return [...steps.times].join(' ')
}

/** Flushes a task, unless deferred records hold its commit up, before or because of what the flush let out. */
async function flushed(task: StreamTask): Promise<boolean> {
  const { deferred } = task
  if (!deferred.holdsCommit) await task.flush()
  if (!deferred.holdsCommit) return true
  deferred.isDraining = true
  task.commitRequested = true
  return false
}
