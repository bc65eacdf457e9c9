/** `memoryBroker(name)`: the in-process broker on the system clock, which the shell has by default. */
import { openMemoryBroker, type MemoryBroker } from './memory-broker.ts'
import { defaultClock, defaultRandom } from './defaults.ts'

/** The in-process broker of that name, one a process: what an application with `brokers: 'memory:name'` runs on. */
export function memoryBroker(name = ''): MemoryBroker {
  return openMemoryBroker(name, { clock: defaultClock, random: defaultRandom })
}
