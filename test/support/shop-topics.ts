/** Topics and builders that tests of topologies share. */
import { serdes, StreamsBuilder, topic, type BuildOptions, type Topic, type Topology } from '../../src/index.ts'
import { TopologyError } from '../../src/base/errors.ts'

/** An order. */
export interface Order {
  readonly customer: string
  readonly cents: number
}

export const orders: Topic<string, Order> = topic('orders', { key: serdes.string, value: serdes.json<Order>() })
export const customers: Topic<string, { readonly name: string }> = topic('customers', {
  key: serdes.string,
  value: serdes.json<{ readonly name: string }>(),
})
export const texts: Topic<string, string> = topic('texts', { key: serdes.string, value: serdes.string })
export const copies: Topic<string, string> = topic('copies', { key: serdes.string, value: serdes.string })
export const counts: Topic<string, number> = topic('counts', { key: serdes.string, value: serdes.long })

/** Builds what `make` adds to a new builder. */
export function built(make: (builder: StreamsBuilder) => unknown, options: BuildOptions = {}): Topology {
  const builder = new StreamsBuilder()
  make(builder)
  return builder.build(options)
}

/** The error that building throws. */
export function refused(make: (builder: StreamsBuilder) => unknown, options: BuildOptions = {}): TopologyError {
  try {
    built(make, options)
  } catch (error) {
    if (error instanceof TopologyError) return error
    throw error
  }
  throw new Error('it was built')
}
