/** Applications on in-process brokers: started, fed and read, with everything closed afterwards. */
import { afterEach } from 'vitest'
import { KafkaStreams, memoryBroker, type AppPorts, type KafkaStreamsOptions, type MemoryBroker, type Topology } from '../../src/index.ts'

let named = 0
const open: { app: KafkaStreams[]; brokers: MemoryBroker[] } = { app: [], brokers: [] }

afterEach(async () => {
  for (const app of open.app.splice(0)) await app.close({ timeoutMs: 5_000 })
  for (const broker of open.brokers.splice(0)) broker.close()
})

/** A broker of its own. */
export function freshBroker(): MemoryBroker {
  const broker = memoryBroker(`test-${process.pid}-${named++}`)
  open.brokers.push(broker)
  return broker
}

/** An application on it; not started. */
export function appOn(
  broker: MemoryBroker,
  topology: Topology,
  options: Partial<KafkaStreamsOptions> = {},
  ports: AppPorts = {},
): KafkaStreams {
  const all: KafkaStreamsOptions = {
    applicationId: 'app',
    brokers: `memory:${broker.name}`,
    commitIntervalMs: 50,
    lingerMs: 1,
    sessionTimeoutMs: 2_000,
    heartbeatIntervalMs: 50,
    logger: false,
    ...options,
  }
  const app = new KafkaStreams(topology, all, ports)
  open.app.push(app)
  return app
}

/** Settles when the condition holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Whether the applications together have processed so many records of the topic. (A lag of 0 may be that of the fetch before the last record.) */
export function processed(topic: string, records: number, ...apps: readonly KafkaStreams[]): boolean {
  const partitions = apps.flatMap((app) => [...app.lag().values()].flat()).filter((partition) => partition.topic === topic)
  return partitions.reduce((sum, { position }) => sum + position, 0) === records
}
