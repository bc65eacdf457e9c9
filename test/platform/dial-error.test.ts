import { expect, it } from 'vitest'
import { dialError, type Attempt } from '../../src/platform/dial-error.ts'

const ATTEMPT: Attempt = {
  to: { host: 'kafka-1', port: 9093 },
  ssl: false,
  mechanism: undefined,
  socketError: undefined,
  firstBytes: new Uint8Array(0),
}
const some = Uint8Array.of(0, 0, 0, 8)

function failed(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name, ...more })
}

const lost = (message: string, code: string): Error => failed('Error', message, { code })

it.each<[string, Error, Partial<Attempt>, object]>([
  [
    'a host that nobody knows',
    failed('KafkaJSConnectionError', 'Connection error: getaddrinfo ENOTFOUND kafka-1', { code: 'ENOTFOUND' }),
    { socketError: lost('getaddrinfo ENOTFOUND kafka-1', 'ENOTFOUND') },
    { code: 'CONNECTION_LOST', retriable: true, message: expect.stringContaining('advertised.listeners') },
  ],
  [
    'an error that nobody foresaw',
    failed('KafkaJSConnectionError', 'Connection timeout'),
    {},
    { code: 'CONNECTION_LOST', retriable: true, message: 'broker kafka-1:9093: Connection timeout' },
  ],
  [
    'a certificate that has expired',
    failed('KafkaJSConnectionError', 'Connection error: certificate has expired'),
    { ssl: true, socketError: lost('certificate has expired', 'CERT_HAS_EXPIRED') },
    { code: 'AUTH_FAILED', retriable: false, message: expect.stringContaining('certificate has expired') },
  ],
  [
    'a certificate for another host',
    failed('KafkaJSConnectionError', 'Connection error'),
    { ssl: true, socketError: lost('Hostname/IP does not match', 'ERR_TLS_CERT_ALTNAME_INVALID') },
    { code: 'AUTH_FAILED', retriable: false, message: expect.stringContaining('servername') },
  ],
  [
    'a broker that wants a certificate of the client',
    failed('KafkaJSConnectionError', 'Connection error'),
    { ssl: true, socketError: lost('alert certificate required', 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA') },
    { code: 'AUTH_FAILED', retriable: false },
  ],
  [
    'a connection that is reset later on, over TLS',
    failed('KafkaJSConnectionError', 'Connection error: read ECONNRESET'),
    { ssl: true, firstBytes: some, socketError: lost('read ECONNRESET', 'ECONNRESET') },
    { code: 'CONNECTION_LOST', retriable: true, message: expect.not.stringContaining('plain text') },
  ],
  [
    'a password that is wrong, behind the error of the last try',
    failed('KafkaJSNumberOfRetriesExceeded', 'gave up', {
      cause: failed('KafkaJSSASLAuthenticationError', 'SASL PLAIN authentication failed'),
    }),
    { mechanism: 'plain', firstBytes: some },
    { code: 'AUTH_FAILED', retriable: false, message: expect.stringContaining('it refused plain (SASL PLAIN authentication failed)') },
  ],
  [
    'a mechanism that the broker doesn’t have',
    failed('KafkaJSProtocolError', 'The broker does not support the requested SASL mechanism', { type: 'UNSUPPORTED_SASL_MECHANISM' }),
    { mechanism: 'scram-sha-256', firstBytes: some },
    { code: 'AUTH_FAILED', retriable: false },
  ],
  [
    'a broker that closes while the client says who it is',
    failed('KafkaJSConnectionClosedError', 'Closed connection'),
    { mechanism: 'plain', firstBytes: some },
    { code: 'AUTH_FAILED', retriable: false, message: expect.stringContaining('does this listener speak SASL') },
  ],
])('%s', (_, error, attempt, expected) => {
  expect(dialError(error, { ...ATTEMPT, ...attempt })).toMatchObject(expected)
})

it('is about something else than an error, too', () => {
  expect(dialError('nonsense', ATTEMPT)).toMatchObject({ code: 'CONNECTION_LOST', message: 'broker kafka-1:9093: nonsense' })
})
