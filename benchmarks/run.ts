/**
 * `npm run bench [-- WORKLOAD…] [--records N] [--runs N] [--smoke]`: the workloads in one process, on the in-process broker. With `--kafka [--systems
 * millrace,jvm,kafkajs] [--engine rocksdb|memory]` they run on a real Kafka, beside Kafka Streams and whatever else is named. `--smoke` runs every
 * workload once with 20,000 records, compares what came out with a naive computation, and times nothing. `--restore` brings a store back from a changelog
 * of 2,000,000 rows.
 */
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    workload: { type: 'string', multiple: true, default: [] },
    records: { type: 'string' },
    runs: { type: 'string', default: '3' },
    smoke: { type: 'boolean', default: false },
    kafka: { type: 'boolean', default: false },
    systems: { type: 'string', default: 'millrace,jvm' },
    engine: { type: 'string', default: 'rocksdb' },
    restore: { type: 'boolean', default: false },
  },
})

const { smoke } = values
const workloads = [...positionals, ...values.workload]
const runs = smoke ? 1 : Number(values.runs)
const records = smoke ? 20_000 : values.records === undefined ? undefined : Number(values.records)
const { results, different, file } = values.restore ? await restores() : values.kafka ? await onKafka() : await inProcess()
console.log(`bench: ${results} results, ${different} outputs differ, ${file}`)
process.exitCode = different === 0 ? 0 : 1

type Outcome = Readonly<{ results: number; different: number; file: string }>

async function inProcess(): Promise<Outcome> {
  const { benchInProcess } = await import('./in-process.ts')
  return benchInProcess({ workloads, records: records ?? 2_000_000, runs, smoke })
}

async function restores(): Promise<Outcome> {
  const { benchRestore } = await import('./restore.ts')
  const engine = values.engine === 'memory' || values.engine === 'level' ? values.engine : 'rocksdb'
  return { results: (await benchRestore(records ?? 2_000_000, runs, engine)).length, different: 0, file: 'no file' }
}

async function onKafka(): Promise<Outcome> {
  const { benchOnKafka } = await import('./kafka/run.ts')
  const engine = values.engine === 'memory' ? 'memory' : 'rocksdb'
  return benchOnKafka({ workloads, systems: values.systems.split(','), records, runs, engine, smoke })
}
