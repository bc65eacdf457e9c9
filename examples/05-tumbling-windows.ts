// Orders per minute: a tumbling window counts and sums what happened in each minute of event time, whenever it arrives.
import { KafkaStreams, minutes, openTopics, seconds, serdes, StreamsBuilder, topic, tumbling } from 'millrace'
import { thisRun } from './data/this-run.ts'

interface Order {
  readonly id: number
  readonly product: string
  readonly cents: number
}

const orders = topic(`orders-${thisRun}`, { key: serdes.string, value: serdes.json<Order>() })
const perMinute = topic(`orders-per-minute-${thisRun}`, {
  key: serdes.timeWindowed(serdes.string, minutes(1)),
  value: serdes.json<{ count: number; cents: number }>(),
})

const builder = new StreamsBuilder()
builder
  .stream(orders)
  .groupByKey()
  .windowedBy(tumbling(minutes(1)).grace(seconds(10)))
  .aggregate(
    () => ({ count: 0, cents: 0 }),
    (sum, order) => ({ count: sum.count + 1, cents: sum.cents + order.cents }),
    { store: 'per-minute', value: serdes.json<{ count: number; cents: number }>() },
  )
  .toStream()
  .to(perMinute)

const topics = await openTopics()
for (const { name } of [orders, perMinute]) await topics.createTopic(name)
const noon = Date.UTC(2026, 0, 1, 12)
const sold = ['tea', 'tea', 'coffee', 'tea', 'coffee', 'coffee', 'tea', 'coffee', 'tea', 'coffee', 'tea', 'tea']
await topics.produce(
  orders,
  sold.map((product, n) => ({
    key: product,
    value: { id: n, product, cents: product === 'tea' ? 250 : 320 },
    timestamp: noon + n * seconds(17),
  })),
)

const app = new KafkaStreams(builder.build(), { applicationId: `orders-per-minute-${thisRun}` })
await app.start()
const latest = new Map<string, string>()
for await (const { key, value } of topics.read(perMinute, { quietMs: 500, waitMs: 20_000 })) {
  if (key === null || value === null) continue
  const minute = new Date(key.window.start).toISOString().slice(11, 16)
  latest.set(`${minute} ${key.key}`, `${minute}  ${key.key.padEnd(6)}  ${value.count} orders  ${(value.cents / 100).toFixed(2)} €`)
}
for (const name of [...latest.keys()].sort()) console.log(latest.get(name))
await app.close()
await topics.close()
