/** From a broker's error code to an error of this library: what was asked, what the broker said, and whether asking again helps. */
import { ClusterError, type CodeOf, type ErrorContext } from '../base/errors.ts'
import { wireError, type Asking, type WireError } from '../wire/error-table.ts'

const RETRIABLE: ReadonlySet<WireError['action']> = new Set(['retry', 'refresh', 'retry-3', 'heartbeat', 'rewind', 'rewind-refresh'])
const CLUSTER_CODES: ReadonlySet<string> = new Set<CodeOf<'ClusterError'>>([
  'SOURCE_MISSING',
  'ACL_DENIED',
  'BROKER_TOO_OLD',
  'BROKER_NOT_READY',
  'INSTANCE_FENCED',
  'RECORD_CORRUPT',
])
const DOUBTFUL: WeakSet<ClusterError> = new WeakSet()

/** The error of a code, for who asked what. */
export function brokerError(errorCode: number, asking: Asking, what: string, context: ErrorContext = {}): ClusterError {
  const { name, action, becomes } = wireError(errorCode, asking)
  const code = isClusterCode(becomes) ? becomes : 'BROKER_ERROR'
  const advice = code === 'ACL_DENIED' ? ", grant this right to the application's user" : ''
  const error = new ClusterError(code, `${what}: the broker answered ${name} (${errorCode})${advice}`, {
    retriable: RETRIABLE.has(action),
    context,
  })
  if (action === 'retry-3') DOUBTFUL.add(error)
  return error
}

/** True when it is worth a few more tries, but not many: the broker named no reason that passes. */
export function isDoubtful(error: unknown): boolean {
  return error instanceof ClusterError && DOUBTFUL.has(error)
}

function isClusterCode(code: string): code is CodeOf<'ClusterError'> {
  return CLUSTER_CODES.has(code)
}
