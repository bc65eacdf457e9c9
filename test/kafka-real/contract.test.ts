/** The contract suites of a broker, on a real Kafka over sockets. */
import { beforeAll } from 'vitest'
import { registerZlibCodecs } from '../../src/platform/zlib-codecs.ts'
import { suite as admin } from '../contract/broker/admin.ts'
import { suite as batch } from '../contract/broker/batch.ts'
import { suite as committed } from '../contract/broker/committed.ts'
import { suite as fetch } from '../contract/broker/fetch.ts'
import { suite as group } from '../contract/broker/group.ts'
import { suite as idempotent } from '../contract/broker/idempotent.ts'
import { suite as offsets } from '../contract/broker/offsets.ts'
import { suite as transport } from '../contract/broker/transport.ts'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'
import { transportTo } from './sockets.ts'

beforeAll(registerZlibCodecs)

describeWithKafka('the contract', (kafka) => {
  for (const suite of [batch, fetch, committed, idempotent, offsets, group, admin, transport]) {
    suite('a real Kafka', async () => {
      const sockets = transportTo(kafka().brokers)
      return { transport: sockets, kafka: kafka(), transactions: 2, close: () => sockets.close() }
    })
  }
})
