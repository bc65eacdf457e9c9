/** One run of a workload by Millrace: it takes the closed backlog of the input, closes (which commits and flushes), and reports. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams } from '../../src/index.ts'
import { assignment, report } from './client.ts'
import { Meter } from './meter.ts'
import { isWorkload, workloads } from './workloads.ts'

const { workload, brokers, brokerPid, records, steps, output, applicationId, engine } = assignment()
if (!isWorkload(workload)) throw new Error(`there is no workload ${workload}`)
const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const app = new KafkaStreams(workloads[workload](output), {
  applicationId,
  brokers,
  stateDir,
  engine,
  // What Kafka Streams has by default.
  commitIntervalMs: 30_000,
  cacheBytes: 10 * 1024 * 1024,
  lingerMs: 100,
  logger: false,
})
await app.start()
const meter = new Meter(records, steps, brokerPid)
while (!meter.at(done())) {
  if (app.state === 'ERROR') throw new Error('the application failed')
  await new Promise((resolve) => setTimeout(resolve, 10))
}
const { clean } = await app.close()
if (!clean) throw new Error('the application did not close cleanly')
report(meter.end())
rmSync(stateDir, { recursive: true, force: true })
process.exit(0)

/** Records processed in all partitions, those of repartition topics too. */
function done(): number {
  let sum = 0
  for (const { partitions } of app.tasks()) for (const { position } of partitions) sum += position
  return sum
}
