// Enriches a stream with a table: each payment meets the customer as the table knows them at that moment.
import { KafkaStreams, openTopics, serdes, StreamsBuilder, topic } from 'millrace'
import { thisRun } from './data/this-run.ts'

interface Customer {
  readonly name: string
  readonly city: string
}

interface Payment {
  readonly customer: string
  readonly cents: number
}

const customers = topic(`customers-${thisRun}`, { key: serdes.string, value: serdes.json<Customer>() })
const payments = topic(`payments-${thisRun}`, { key: serdes.integer, value: serdes.json<Payment>() })
const enriched = topic(`enriched-payments-${thisRun}`, {
  key: serdes.string,
  value: serdes.json<{ cents: number; name: string; city: string }>(),
})

const builder = new StreamsBuilder()
const table = builder.table(customers, { store: 'customers' })
builder
  .stream(payments)
  .selectKey((payment) => payment.customer, { key: serdes.string })
  .leftJoin(table, (payment, customer) => ({ cents: payment.cents, name: customer?.name ?? 'unknown', city: customer?.city ?? '-' }))
  .to(enriched)

const topics = await openTopics()
for (const { name } of [customers, payments, enriched]) await topics.createTopic(name)
await topics.produce(customers, [
  { key: 'ada', value: { name: 'Ada', city: 'London' }, timestamp: 1_000 },
  { key: 'kurt', value: { name: 'Kurt', city: 'Vienna' }, timestamp: 1_000 },
])
await topics.produce(payments, [
  { key: 1, value: { customer: 'ada', cents: 1250 }, timestamp: 2_000 },
  { key: 2, value: { customer: 'kurt', cents: 99 }, timestamp: 2_001 },
  { key: 3, value: { customer: 'emmy', cents: 700 }, timestamp: 2_002 },
  { key: 4, value: { customer: 'ada', cents: 310 }, timestamp: 2_003 },
])

const app = new KafkaStreams(builder.build(), { applicationId: `enrich-${thisRun}` })
await app.start()
for await (const { key, value } of topics.read(enriched, { quietMs: 500, waitMs: 20_000 })) {
  if (value !== null) console.log(`${String(key).padEnd(5)} ${(value.cents / 100).toFixed(2).padStart(6)} €  ${value.name} (${value.city})`)
}
await app.close()
await topics.close()
