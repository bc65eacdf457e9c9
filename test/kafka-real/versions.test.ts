/** The contract on old brokers: the last version before KRaft could be used, on ZooKeeper, and an early one of KRaft. Both have the first version of transactions. */
import { beforeAll, expect, it } from 'vitest'
import { registerZlibCodecs } from '../../src/platform/zlib-codecs.ts'
import { suite as admin } from '../contract/broker/admin.ts'
import { suite as batch } from '../contract/broker/batch.ts'
import type { Lacking } from '../contract/broker/broker-client.ts'
import { suite as committed } from '../contract/broker/committed.ts'
import { suite as fetch } from '../contract/broker/fetch.ts'
import { suite as group } from '../contract/broker/group.ts'
import { suite as idempotent } from '../contract/broker/idempotent.ts'
import { suite as offsets } from '../contract/broker/offsets.ts'
import { suite as transport } from '../contract/broker/transport.ts'
import type { KafkaVersion } from '../support/kafka/start-kafka.ts'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'
import { transportTo } from './sockets.ts'

beforeAll(registerZlibCodecs)

interface OldVersion {
  readonly version: KafkaVersion
  /** What its tool says of the versions of Fetch that it speaks. */
  readonly fetch: string
  readonly lacks: readonly Lacking[]
}

const VERSIONS: readonly OldVersion[] = [
  { version: '3.3.2', fetch: 'Fetch(1): 0 to 13', lacks: ['time-limits'] },
  { version: '2.8.2', fetch: 'Fetch(1): 0 to 12', lacks: ['time-limits', 'newest-time', 'skipped-assignment'] },
]

for (const { version, fetch: spoken, lacks } of VERSIONS) {
  describeWithKafka(
    `Kafka ${version}`,
    (kafka) => {
      it('is that version', async () => {
        const versions = await kafka().tool('kafka.admin.BrokerApiVersionsCommand', ['--bootstrap-server', kafka().brokers[0]!])
        expect(versions).toContain(spoken)
      })

      for (const suite of [batch, fetch, committed, idempotent, offsets, group, admin, transport]) {
        suite(`Kafka ${version}`, async () => {
          const sockets = transportTo(kafka().brokers)
          return { transport: sockets, transactions: 1, lacks, close: () => sockets.close() }
        })
      }
    },
    { version },
  )
}
