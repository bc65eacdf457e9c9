/** An in-process broker that holds a workload's input in batches of 1,000 records, made beforehand so that the source never limits. */
import { MemoryCluster } from '../src/memory/cluster.ts'
import { defaultClock, defaultRandom } from '../src/runtime/defaults.ts'
import { murmur2, partitionOf } from '../src/base/murmur2.ts'
import { BatchWriter } from '../src/wire/batch-writer.ts'
import type { Workload } from './workloads.ts'

const PARTITIONS = 4
/** Records of each batch of the input. */
export const BATCH_RECORDS = 1_000

/** A cluster with `count` records in the topic `views` and an empty topic `copies`. */
export function loadedCluster(workload: Workload, count: number): MemoryCluster {
  const cluster = new MemoryCluster({ clock: defaultClock, random: defaultRandom, checkCrc: false, autoCreateTopics: true })
  cluster.createTopic('views', { partitions: PARTITIONS })
  cluster.createTopic('copies', { partitions: PARTITIONS })
  fill(cluster, workload, count)
  return cluster
}

function fill(cluster: MemoryCluster, workload: Workload, count: number): void {
  const writers = Array.from({ length: PARTITIONS }, () => new BatchWriter({ initialBytes: 128 * 1024 }))
  const seal = (partition: number): void => {
    const writer = writers[partition]!
    if (writer.count === 0) return
    cluster.append('views', partition, writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 }))
    writer.reset()
  }
  for (let n = 0; n < count; n++) {
    const { key, value } = workload.record(n)
    const keyBytes = Buffer.from(key)
    const partition = partitionOf(murmur2(keyBytes), PARTITIONS)
    writers[partition]!.append(keyBytes, Buffer.from(value), n, undefined)
    if (writers[partition]!.count === BATCH_RECORDS) seal(partition)
  }
  for (let partition = 0; partition < PARTITIONS; partition++) seal(partition)
}

/** Records that were written to `copies`. */
export function recordsIn(cluster: MemoryCluster): number {
  return (cluster.topic('copies')?.partitions ?? []).reduce((sum, { log }) => sum + log.endOffset, 0)
}

/** Settles when so many records were written to `copies`. */
export async function written(cluster: MemoryCluster, count: number): Promise<void> {
  while (recordsIn(cluster) < count) await new Promise((resolve) => setTimeout(resolve, 2))
}
