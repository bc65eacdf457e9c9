/**
 * Where the application touches the world. Whatever a caller does not hand in is filled by `config`: the clock, timers and randomness of the
 * process, and, for a cluster on the network, the transport that `platform/node` makes. Simulations and tests hand in their own.
 */
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Transport } from '../kafka/lane.ts'
import type { TaskStores } from './task-stores.ts'

/** The outside world of an application. */
export interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly transport: Transport
  readonly stores: TaskStores
}
