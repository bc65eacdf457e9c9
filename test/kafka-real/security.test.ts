/** TLS and SASL on a real Kafka: what is let in, what isn't and why, and sessions that the broker ends. */
import { afterAll, expect, it } from 'vitest'
import type { ClusterError } from '../../src/base/errors.ts'
import type { SocketTransportOptions } from '../../src/platform/socket-transport.ts'
import { METADATA } from '../../src/wire/api/metadata.ts'
import { missingKafka } from '../support/kafka/jars.ts'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'
import { makeCertificates } from './certificates.ts'
import { transportTo } from './sockets.ts'

const certificates = missingKafka() === undefined ? makeCertificates() : undefined
afterAll(() => certificates?.remove())

const ssl = { ca: certificates?.ca ?? '' }
const plain = { mechanism: 'plain', username: 'alice', password: 'secret-of-alice' } as const
const scram = { ...plain, mechanism: 'scram-sha-256' } as const
const LIFETIME_MS = 1500
const USERS = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="secret-of-alice";'
const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'

const properties = {
  'ssl.keystore.type': 'PEM',
  'ssl.keystore.location': certificates?.keystore ?? '',
  'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
  ...Object.fromEntries(
    ['sasl', 'both', 'brief'].flatMap((listener) => [
      [`listener.name.${listener}.plain.sasl.jaas.config`, USERS],
      [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`, SCRAM],
      [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`, SCRAM],
    ]),
  ),
  'listener.name.brief.plain.connections.max.reauth.ms': String(LIFETIME_MS),
}
const listeners = { TLS: 'SSL', SASL: 'SASL_PLAINTEXT', BOTH: 'SASL_SSL', BRIEF: 'SASL_PLAINTEXT' }
const users = ['SCRAM-SHA-256=[name=alice,password=secret-of-alice]', 'SCRAM-SHA-512=[name=alice,password=secret-of-alice]']

/** Asks a broker for its brokers; answers how many there are. */
async function ask(address: string, options: Partial<SocketTransportOptions>): Promise<number> {
  const transport = transportTo([address], options)
  try {
    const lane = await transport.lane(transport.seeds()[0]!, 'call')
    return (await lane.request(METADATA, { topics: [], allowAutoTopicCreation: false })).brokers.length
  } finally {
    await transport.close()
  }
}

async function refusal(address: string, options: Partial<SocketTransportOptions>): Promise<ClusterError> {
  return ask(address, options).then(
    () => {
      throw new Error('it was let in')
    },
    (error: ClusterError) => error,
  )
}

describeWithKafka(
  'security',
  (kafka) => {
    it.each([
      ['plain text', 'PLAINTEXT', {}],
      ['TLS', 'TLS', { ssl }],
      ['SASL PLAIN', 'SASL', { sasl: plain }],
      ['SCRAM-SHA-256', 'SASL', { sasl: scram }],
      ['SCRAM-SHA-512', 'SASL', { sasl: { ...scram, mechanism: 'scram-sha-512' as const } }],
      ['SASL PLAIN over TLS', 'BOTH', { ssl, sasl: plain }],
      ['SCRAM over TLS', 'BOTH', { ssl, sasl: scram }],
    ])('plaintext|ssl|sasl-plain|sasl-scram: %s lets in', async (_, listener, options) => {
      expect(await ask(listener === 'PLAINTEXT' ? kafka().brokers[0]! : kafka().listener(listener), options)).toBe(1)
    })

    it('verifies the host’s name, as well as its address', async () => {
      expect(await ask(kafka().listener('TLS').replace('127.0.0.1', 'localhost'), { ssl })).toBe(1)
    })

    it.each([
      ['a wrong password', 'SASL', { sasl: { ...plain, password: 'wrong-secret' } }, 'AUTH_FAILED', 'security.sasl'],
      ['a wrong password of SCRAM', 'BOTH', { ssl, sasl: { ...scram, password: 'wrong-secret' } }, 'AUTH_FAILED', 'security.sasl'],
      ['a mechanism that isn’t there', 'TLS', { ssl, sasl: plain }, 'AUTH_FAILED', 'security.sasl'],
      ['an authority that nobody trusts', 'TLS', { ssl: { ca: certificates?.otherCa ?? '' } }, 'AUTH_FAILED', 'security.ssl'],
      ['no authority at all', 'TLS', { ssl: true }, 'AUTH_FAILED', 'security.ssl'],
      ['plain text where TLS is spoken', 'TLS', {}, 'TLS_EXPECTED', 'security.ssl'],
    ])(
      'B83: bad-password-is-fatal: %s is fatal, and the error says what to do but no secret',
      async (_, listener, options, code, advice) => {
        const error = await refusal(kafka().listener(listener), options)
        expect(error).toMatchObject({ code, retriable: false })
        expect(error.message).toContain(kafka().listener(listener))
        expect(error.message).toContain(advice)
        expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toMatch(/wrong-secret|secret-of-alice/)
      },
    )

    it('B84: TLS where plain text is spoken may be a broker that restarts, and says both', async () => {
      const error = await refusal(kafka().brokers[0]!, { ssl })
      expect(error).toMatchObject({ code: 'CONNECTION_LOST', retriable: true, message: expect.stringContaining('security.ssl') })
    })

    it('B84: a listener that wants SASL from who brings none closes, and the error says so', async () => {
      const error = await refusal(kafka().listener('SASL'), {})
      expect(error).toMatchObject({ code: 'CONNECTION_LOST', message: expect.stringContaining('security.sasl') })
    })

    it('session-lifetime-swap: replaces a session before the broker ends it, and no request notices', async () => {
      const transport = transportTo([kafka().listener('BRIEF')], { sasl: plain })
      const lane = await transport.lane(transport.seeds()[0]!, 'call')
      let closed: Error | undefined
      lane.onClose((why) => {
        closed = why
      })
      const until = performance.now() + 3 * LIFETIME_MS
      let answers = 0
      for (; performance.now() < until; answers++) await lane.request(METADATA, { topics: [], allowAutoTopicCreation: false })
      expect(answers).toBeGreaterThan(100)
      expect(closed).toBeUndefined()
      await transport.close()
      expect(closed).toMatchObject({ code: 'CONNECTION_LOST' })
    }, 20_000)
  },
  { properties, listeners, scram: users },
)
