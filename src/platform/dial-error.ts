/** Why a connection could not be opened: what kafkajs and the socket say, as an error that says what to do. Secrets never get into it. */
import { ClusterError } from '../base/errors.ts'
import type { Address } from '../kafka/lane.ts'

/** What was tried, and what was seen of the broker. */
export interface Attempt {
  readonly to: Address
  readonly ssl: boolean
  readonly mechanism: string | undefined
  readonly socketError: Error | undefined
  /** What the broker said first. */
  readonly firstBytes: Uint8Array
}

const TLS_ALERT = 0x15
const TLS_MAJOR = 0x03
/** Errors of `node:tls` about the broker's certificate. */
const CERTIFICATE =
  /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA|ERR_SSL_TLSV1_ALERT|ERR_SSL_SSLV3_ALERT)/
/** Errors of the protocol that mean: not on this listener. */
const SASL_REFUSALS: ReadonlySet<unknown> = new Set(['ILLEGAL_SASL_STATE', 'UNSUPPORTED_SASL_MECHANISM'])
const HINTS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there: is Kafka running, and are host and port right?'],
  ['ENOTFOUND', 'the host name is not known: check the brokers option and, in the broker, advertised.listeners'],
  ['EAI_AGAIN', 'the name server does not answer'],
  ['EHOSTUNREACH', 'no route leads there: check the network and, in the broker, advertised.listeners'],
  ['ETIMEDOUT', 'nothing answers there: check firewalls and, in the broker, advertised.listeners'],
])

interface Verdict {
  readonly code: ClusterError['code']
  readonly text: string
  readonly retriable?: boolean
}

/** The error of an attempt that failed. Only what may pass by itself is retriable. */
export function dialError(error: unknown, attempt: Attempt): ClusterError {
  const { host, port } = attempt.to
  const cause = rootOf(error)
  const { code, text, retriable = false } = ofTls(cause, attempt) ?? ofSasl(cause, attempt) ?? ofNetwork(cause, attempt)
  return new ClusterError(code, `broker ${host}:${port}: ${text}`, { cause, retriable })
}

function ofTls(cause: Error, { ssl, socketError, firstBytes }: Attempt): Verdict | undefined {
  if (firstBytes[0] === TLS_ALERT && firstBytes[1] === TLS_MAJOR)
    return { code: 'TLS_EXPECTED', text: 'it speaks TLS on this port: set security.ssl, or use its plaintext listener' }
  const code = codeOf(socketError)
  if (!ssl || code === undefined) return undefined
  if (CERTIFICATE.test(code)) {
    const text = `TLS failed (${socketError?.message ?? cause.message}): check ca, cert, key and servername in security.ssl`
    return { code: 'AUTH_FAILED', text }
  }
  if (code !== 'ECONNRESET' || firstBytes.length > 0) return undefined
  const text = 'it closed the connection while TLS began: leave out security.ssl when this listener speaks plain text'
  return { code: 'CONNECTION_LOST', text, retriable: true }
}

function ofSasl(cause: Error, { mechanism, socketError, firstBytes }: Attempt): Verdict | undefined {
  if (mechanism === undefined) return undefined
  if (cause.name === 'KafkaJSSASLAuthenticationError')
    return { code: 'AUTH_FAILED', text: `it refused ${mechanism} (${cause.message}): check mechanism, user and password in security.sasl` }
  if (SASL_REFUSALS.has('type' in cause ? cause.type : undefined))
    return {
      code: 'AUTH_FAILED',
      text: `it does not take ${mechanism} on this listener (${cause.message}): check security.sasl and the port`,
    }
  if (cause.name !== 'KafkaJSConnectionClosedError' || firstBytes.length === 0 || socketError !== undefined) return undefined
  return { code: 'AUTH_FAILED', text: `it closed the connection during ${mechanism}: does this listener speak SASL, and this mechanism?` }
}

function ofNetwork(cause: Error, { socketError }: Attempt): Verdict {
  const code = codeOf(socketError) ?? codeOf(cause)
  const hint = code === undefined ? undefined : HINTS.get(code)
  return { code: 'CONNECTION_LOST', text: hint === undefined ? cause.message : `${cause.message}: ${hint}`, retriable: true }
}

function rootOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  return error.cause instanceof Error ? rootOf(error.cause) : error
}

function codeOf(error: Error | undefined): string | undefined {
  return error !== undefined && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
