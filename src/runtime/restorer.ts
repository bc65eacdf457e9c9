/**
 * Puts a task's stores back before it processes: from the mark that its engine holds, else from the start of the changelog, to the end the log
 * had when restoring began; a source topic that serves as changelog, to the committed position: what lies behind it is yet to be processed, and a row
 * that is there already would be taken for the one before. A restore is done when the *position* has reached its end, because compaction and markers
 * leave offsets without records. Rows go from the decoded batches straight into the store.
 */
import { ClusterError, StateError } from '../base/errors.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import type { Mark } from '../state/marks.ts'
import type { StoreName } from '../state/store-spec.ts'
import type { StreamTask } from '../task/stream-task.ts'
import { BatchReader, type RecordColumns } from '../wire/batch-reader.ts'
import { runs } from '../wire/runs.ts'

/** Whole batches of one partition, as they were fetched. */
export interface RestoreChunk {
  readonly tp: TopicPartition
  readonly buffer: Uint8Array
  readonly from: number
  readonly to: number
  release(): void
}

/** What restoring needs: a fetcher of its own and the bounds of partitions. */
export interface RestorePorts {
  readonly applicationId: string
  assign(partitions: readonly { readonly tp: TopicPartition; readonly offset: number; readonly leaderEpoch: number }[]): void
  poll(options: { readonly timeoutMs: number }): Promise<readonly RestoreChunk[]>
  position(tp: TopicPartition): number
  /** First and one-behind-last offset of partitions. */
  bounds(tps: readonly TopicPartition[]): Promise<ReadonlyMap<string, { readonly start: number; readonly end: number }>>
  /** Kafka's id of a topic; undefined or empty: not known. */
  topicId(topic: string): string | undefined
  /** The committed position of a source topic that serves as changelog. */
  committed(tp: TopicPartition): number | undefined
  progress(task: StreamTask, store: StoreName, progress: RestoreProgress): void
}

/** How far a store is. */
export interface RestoreProgress {
  readonly phase: 'start' | 'progress' | 'end'
  readonly restored: number
  readonly total: number
}

interface Restoring {
  readonly task: StreamTask
  readonly store: StoreName
  readonly tp: TopicPartition
  readonly end: number
  readonly total: number
  readonly reader: BatchReader
  restored: number
}

/** Restores the stores of these tasks; settles when all positions have reached their ends. Answers how many records were put back. */
export async function restoreTasks(tasks: readonly StreamTask[], ports: RestorePorts, stopped: () => boolean): Promise<number> {
  const open = await plan(tasks, ports)
  let records = 0
  while (open.size > 0 && !stopped()) {
    const chunks = await ports.poll({ timeoutMs: 100 })
    const counts = await Promise.all([...byPartition(chunks)].map(([key, own]) => applyAll(own, open.get(key), ports)))
    for (const count of counts) records += count
    for (const [key, restoring] of open) {
      if (ports.position(restoring.tp) < restoring.end) continue
      open.delete(key)
      ports.progress(restoring.task, restoring.store, { phase: 'end', restored: restoring.restored, total: restoring.total })
    }
  }
  for (const task of tasks) await atTask(task, () => task.state.restored())
  ports.assign([])
  return records
}

interface Wanted {
  readonly task: StreamTask
  readonly store: StoreName
  readonly source: boolean
  readonly tp: TopicPartition
  readonly start: number
  readonly last: number
}

/** Where each store has to start and to end; those that have nothing to read are done already. */
async function plan(tasks: readonly StreamTask[], ports: RestorePorts): Promise<Map<string, Restoring>> {
  const wanted = await changelogs(tasks, ports)
  for (const task of tasks) await atTask(task, () => openStores(task, wanted, ports))
  const open = new Map<string, Restoring>()
  const from: { tp: TopicPartition; offset: number; leaderEpoch: number }[] = []
  for (const { task, store, source, tp, start, last } of wanted) {
    const end = source ? Math.min(last, ports.committed(tp) ?? start) : last
    const offset = (await task.state.mark(store))?.offset ?? start
    if (offset >= end) continue
    open.set(partitionKey(tp), { task, store, tp, end, total: end - offset, reader: new BatchReader({ hashKeys: true }), restored: 0 })
    from.push({ tp, offset, leaderEpoch: -1 })
    ports.progress(task, store, { phase: 'start', restored: 0, total: end - offset })
  }
  ports.assign(from)
  return open
}

async function changelogs(tasks: readonly StreamTask[], ports: RestorePorts): Promise<readonly Wanted[]> {
  const found = tasks.flatMap((task) =>
    task.subtopology.stores.flatMap(({ name, changelog }) => {
      if (changelog === undefined) return []
      const topic = changelog.source ? changelog.topic : `${ports.applicationId}-${changelog.topic}`
      return [{ task, store: name, source: changelog.source, tp: { topic, partition: task.partition } }]
    }),
  )
  if (found.length === 0) return []
  const bounds = await ports.bounds(found.map(({ tp }) => tp))
  return found.map((one) => {
    const { start, end } = bounds.get(partitionKey(one.tp)) ?? { start: 0, end: 0 }
    return { ...one, start, last: end }
  })
}

/** Opens a task's stores. Rows whose changelog goes on behind their mark are restored anew; a changelog that isn't theirs any more is an error. */
async function openStores(task: StreamTask, wanted: readonly Wanted[], ports: RestorePorts): Promise<void> {
  await task.state.open((name, mark) => {
    const changelog = wanted.find((one) => one.task === task && one.store === name)
    if (changelog === undefined) return true
    const id = ports.topicId(changelog.tp.topic) ?? ''
    if ((mark.topicId !== '' && id !== '' && mark.topicId !== id) || mark.offset > changelog.last) throw replaced(changelog, mark, id)
    return mark.offset >= changelog.start
  })
  for (const { task: owner, store, tp } of wanted) if (owner === task) task.state.follow(store, ports.topicId(tp.topic) ?? '')
}

function replaced({ task, store, tp, last }: Wanted, mark: Mark, id: string): ClusterError {
  const where = `${tp.topic}[${tp.partition}]`
  const what = mark.topicId === id ? `ends at offset ${last}` : `is another topic (id ${id}, was ${mark.topicId})`
  return new ClusterError(
    'CHANGELOG_REPLACED',
    `the changelog ${where} ${what}, and the local state of store ${store} was written up to offset ${mark.offset}: the topic was deleted or made anew. The local state is kept: to start over without it, call cleanUp() before start(), or remove the application's folder in stateDir`,
    { context: { taskId: task.id, store, topic: tp.topic, partition: tp.partition, offset: mark.offset } },
  )
}

function byPartition(chunks: readonly RestoreChunk[]): ReadonlyMap<string, readonly RestoreChunk[]> {
  const found = new Map<string, RestoreChunk[]>()
  for (const chunk of chunks) {
    const key = partitionKey(chunk.tp)
    const own = found.get(key)
    if (own === undefined) found.set(key, [chunk])
    else own.push(chunk)
  }
  return found
}

/** Applies the chunks of one partition in order. While its engine writes, those of other partitions are applied. */
async function applyAll(chunks: readonly RestoreChunk[], restoring: Restoring | undefined, ports: RestorePorts): Promise<number> {
  let records = 0
  for (const chunk of chunks) {
    if (restoring !== undefined) records += await apply(chunk, restoring)
    chunk.release()
    if (restoring === undefined) continue
    ports.progress(restoring.task, restoring.store, { phase: 'progress', restored: restoring.restored, total: restoring.total })
  }
  return records
}

async function apply(chunk: RestoreChunk, restoring: Restoring): Promise<number> {
  const { tp, buffer, from, to } = chunk
  const { reader } = restoring
  let records = 0
  for (const { rows } of runs(reader, { bytes: buffer, from, to }, `${tp.topic}[${tp.partition}]`)) {
    const count = countBelow(rows, restoring.end)
    if (count === 0) break
    // The mark is written with its rows: of a batch that is several runs long it says no more than what is there.
    const next = offsetOf(rows, count - 1) + 1
    await atTask(restoring.task, () => restoring.task.restore(restoring.store, count === rows.count ? rows : { ...rows, count }, next))
    records += count
  }
  restoring.restored += records
  return records
}

/** How many rows of a run come before an offset: whole batches are fetched, and the last one may go on behind the end of the restore. */
function countBelow(rows: RecordColumns, end: number): number {
  let count = rows.count
  while (count > 0 && offsetOf(rows, count - 1) >= end) count--
  return count
}

function offsetOf({ baseOffset, offsetDelta }: RecordColumns, row: number): number {
  return baseOffset + (offsetDelta?.[row] ?? row)
}

/** Says of damage whose it is. */
async function atTask<T>(task: StreamTask, work: () => MaybePromise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof StateError) || error.code !== 'STATE_CORRUPT') throw error
    throw new StateError(error.code, error.message, { cause: error, context: { ...error.context, taskId: task.id } })
  }
}
