/** Transports to real brokers, on the system's clock. */
import type { Transport } from '../../src/kafka/lane.ts'
import { socketTransport, type SocketTransportOptions } from '../../src/platform/socket-transport.ts'
import { defaultClock, defaultRandom } from '../../src/runtime/defaults.ts'

/** A transport to these brokers. */
export function transportTo(brokers: readonly string[], options: Partial<SocketTransportOptions> = {}): Transport {
  return socketTransport({ brokers, clientId: 'tests', clock: defaultClock, random: defaultRandom, ...options })
}
