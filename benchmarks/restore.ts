/**
 * How fast a store comes back: a changelog of so many rows of 16 + 100 bytes on the in-process broker, keys in no order, is restored into an empty state
 * directory on this machine's temporary disk. The figure is records a second from the start of the first partition's restore to the end of the last's.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams, serdes, StreamsBuilder, topic } from '../src/index.ts'
import { MemoryCluster } from '../src/memory/cluster.ts'
import { murmur2, partitionOf } from '../src/base/murmur2.ts'
import { defaultClock, defaultRandom } from '../src/runtime/defaults.ts'
import { BatchWriter } from '../src/wire/batch-writer.ts'

const PARTITIONS = 2
const BATCH_RECORDS = 1_000

/** One restore. */
export interface RestoreRun {
  readonly records: number
  readonly wallMs: number
  readonly recordsPerSecond: number
  readonly cpuNsPerRecord: number
}

/** Restores `records` rows into an engine, `runs` times; prints and answers the runs. */
export async function benchRestore(records: number, runs: number, engine: 'rocksdb' | 'level' | 'memory'): Promise<readonly RestoreRun[]> {
  const results: RestoreRun[] = []
  for (let run = 0; run < runs; run++) {
    const result = await once(records, engine)
    results.push(result)
    console.log(
      `restore into ${engine}: ${result.records.toLocaleString('en')} rows in ${result.wallMs} ms, ${result.recordsPerSecond.toLocaleString('en')} records/s, ${result.cpuNsPerRecord} CPU ns a record`,
    )
  }
  return results
}

async function once(records: number, engine: 'rocksdb' | 'level' | 'memory'): Promise<RestoreRun> {
  const cluster = new MemoryCluster({ clock: defaultClock, random: defaultRandom, checkCrc: false, autoCreateTopics: true })
  cluster.createTopic('rows', { partitions: PARTITIONS })
  cluster.createTopic('restore-rows-changelog', { partitions: PARTITIONS, configs: { 'cleanup.policy': 'compact' } })
  fill(cluster, records)
  const builder = new StreamsBuilder()
  builder
    .stream(topic('rows', { key: serdes.bytes, value: serdes.bytes }))
    .groupByKey()
    .reduce((_, value) => value, { store: 'rows' })
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-restore-'))
  const options = { applicationId: 'restore', brokers: 'memory:', engine, stateDir, logger: false as const }
  const app = new KafkaStreams(builder.build(), options, { transport: cluster })
  try {
    let restored = 0
    let began: number | undefined
    let ended = 0
    let cpu = process.cpuUsage()
    app.on('restore', ({ phase, restored: count }) => {
      if (phase === 'start' && began === undefined) {
        began = performance.now()
        cpu = process.cpuUsage()
      }
      if (phase !== 'end') return
      restored += count
      ended = performance.now()
    })
    await app.start()
    const used = process.cpuUsage(cpu)
    if (restored !== records) throw new Error(`${restored} of ${records} rows came back`)
    const wallMs = ended - (began ?? 0)
    return {
      records,
      wallMs: Math.round(wallMs),
      recordsPerSecond: Math.round((records / wallMs) * 1_000),
      cpuNsPerRecord: Math.round(((used.user + used.system) * 1_000) / records),
    }
  } finally {
    await app.close()
    await cluster.close()
    rmSync(stateDir, { recursive: true })
  }
}

function fill(cluster: MemoryCluster, records: number): void {
  const writers = Array.from({ length: PARTITIONS }, () => new BatchWriter({ initialBytes: 256 * 1024 }))
  const value = new Uint8Array(100).fill(0x61)
  const key = new Uint8Array(16)
  const view = new DataView(key.buffer)
  const seal = (partition: number): void => {
    const writer = writers[partition]!
    if (writer.count === 0) return
    cluster.append('restore-rows-changelog', partition, writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 }))
    writer.reset()
  }
  for (let n = 0; n < records; n++) {
    // Multiplying by an odd number visits each 32-bit value once, in no order.
    view.setUint32(0, Math.imul(n, 0x9e3779b1) >>> 0)
    view.setUint32(12, n)
    const partition = partitionOf(murmur2(key), PARTITIONS)
    writers[partition]!.append(key, value, n, undefined)
    if (writers[partition]!.count === BATCH_RECORDS) seal(partition)
  }
  for (let partition = 0; partition < PARTITIONS; partition++) seal(partition)
}
