/** The contract suites of a broker, on the memory cluster: on the system's clock, as applications use it. */
import { beforeAll } from 'vitest'
import { registerZlibCodecs } from '../../src/platform/zlib-codecs.ts'
import { seeded } from '../../src/base/random.ts'
import type { Clock } from '../../src/base/clock.ts'
import { MemoryCluster } from '../../src/memory/cluster.ts'
import { suite as admin } from '../contract/broker/admin.ts'
import { suite as batch } from '../contract/broker/batch.ts'
import type { BrokerUnderTest } from '../contract/broker/broker-client.ts'
import { suite as committed } from '../contract/broker/committed.ts'
import { suite as fetch } from '../contract/broker/fetch.ts'
import { suite as group } from '../contract/broker/group.ts'
import { suite as idempotent } from '../contract/broker/idempotent.ts'
import { suite as offsets } from '../contract/broker/offsets.ts'
import { suite as transport } from '../contract/broker/transport.ts'

beforeAll(registerZlibCodecs)

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, f) => {
    const timer = setTimeout(f, ms)
    return () => clearTimeout(timer)
  },
}

function memory(options: {
  readonly brokers: number
  readonly newTopicErrorMs: number
  readonly cutBatches: boolean
}): () => Promise<BrokerUnderTest> {
  return async () => {
    const cluster = new MemoryCluster({ clock, random: seeded(5), ...options })
    return { transport: cluster, memory: cluster, close: () => cluster.close() }
  }
}

for (const suite of [batch, fetch, committed, idempotent, offsets, group, admin, transport]) {
  suite('memory', memory({ brokers: 1, newTopicErrorMs: 0, cutBatches: false }))
  suite('memory with three brokers that are slow to know new topics', memory({ brokers: 3, newTopicErrorMs: 30, cutBatches: true }))
}
