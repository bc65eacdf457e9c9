/**
 * A program: runs a workload through an application on the in-process broker and prints, as JSON, what the second half of its records cost: bytes
 * allocated on the heap, promises made, clocks read. `hot-path.program.ts NAME RECORDS count|allocate`; allocation is counted with a young generation so large
 * that nothing is collected meanwhile, promises in a run of their own, since counting them allocates.
 */
import { createHook } from 'node:async_hooks'
import { PerformanceObserver } from 'node:perf_hooks'
import { loadedCluster, recordsIn, written } from '../../benchmarks/loaded-cluster.ts'
import { workloads } from '../../benchmarks/workloads.ts'
import { KafkaStreams } from '../../src/index.ts'
import { defaultClock } from '../../src/runtime/defaults.ts'

const [name = '', records = '', what = ''] = process.argv.slice(2)
const count = Number(records)
const workload = workloads.find((one) => one.name === name)!
let clockReads = 0
const clock = {
  ...defaultClock,
  now: (): number => {
    clockReads++
    return defaultClock.now()
  },
  monotonic: (): number => {
    clockReads++
    return defaultClock.monotonic()
  },
}
let promises = 0
let collections = 0
new PerformanceObserver((list) => {
  collections += list.getEntries().length
}).observe({ entryTypes: ['gc'] })

const cluster = loadedCluster(workload, count)
const app = new KafkaStreams(
  workload.topology(),
  { applicationId: 'hot', brokers: 'memory:', cacheBytes: 2 ** 31, logger: false },
  { transport: cluster, clock },
)
await app.start()
const wanted = workload.outputs(count)
await written(cluster, wanted / 2)
if (what === 'count') createHook({ init: (_, type) => void (type === 'PROMISE' && promises++) }).enable()
globalThis.gc?.()
// The entry of that collection arrives in a later turn.
await new Promise((resolve) => setTimeout(resolve, 1))
const before = { records: recordsIn(cluster), heap: process.memoryUsage().heapUsed, clockReads, promises, collections }
await written(cluster, wanted)
const heap = process.memoryUsage().heapUsed - before.heap
await new Promise((resolve) => setTimeout(resolve, 10))
console.log(
  JSON.stringify({
    records: ((wanted - before.records) / wanted) * count,
    bytes: heap,
    promises: promises - before.promises,
    clockReads: clockReads - before.clockReads,
    collections: collections - before.collections,
  }),
)
await app.close()
await cluster.close()
