/** Task ids: a sub-topology and a partition, written `0_3`, as Kafka Streams writes them. */

/** `<sub-topology>_<partition>`. */
export type TaskId = `${number}_${number}`

/** The id of a sub-topology's task for a partition. */
export function taskId(subtopology: number, partition: number): TaskId {
  return `${subtopology}_${partition}`
}

/** The partition of a task. */
export function partitionOfTask(id: TaskId): number {
  return Number(id.slice(id.indexOf('_') + 1))
}
