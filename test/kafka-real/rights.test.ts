/** Missing rights on a real Kafka: an application without them doesn't start, and says which operation on what was denied. */
import { expect, it } from 'vitest'
import { ClusterError, KafkaStreams } from '../../src/index.ts'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'

const USERS = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="secret-of-alice";'
const properties = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
  'sasl.enabled.mechanisms': 'PLAIN',
  'listener.name.sasl.plain.sasl.jaas.config': USERS,
}
const sasl = { mechanism: 'plain', username: 'alice', password: 'secret-of-alice' } as const

const topologies = {
  'reads and writes': built((builder) => builder.stream(texts).to(copies)),
  'keeps a store': built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts)),
}

describeWithKafka(
  'rights',
  (kafka) => {
    it.each(Object.entries(topologies))(
      'B27: an application that %s without any right ends with what was denied',
      async (_what, topology) => {
        await using app = new KafkaStreams(topology, {
          applicationId: 'orders',
          brokers: kafka().listener('SASL'),
          security: { sasl },
          engine: 'memory',
          taskTimeoutMs: 5_000,
          logger: false,
        })
        const error: unknown = await app.start().catch((found: unknown) => found)
        expect(error).toBeInstanceOf(ClusterError)
        expect(error).toMatchObject({ code: 'ACL_DENIED', retriable: false })
        expect(String(error)).toMatch(/_AUTHORIZATION_FAILED \(\d+\), grant this right to the application's user/)
        expect(String(error)).toMatch(/producer id|texts|group orders/)
        expect(String(error)).not.toContain('secret-of-alice')
        expect(app.state).not.toBe('RUNNING')
      },
    )
  },
  { properties, listeners: { SASL: 'SASL_PLAINTEXT' } },
)
