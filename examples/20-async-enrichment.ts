// Asks a service about each record, several at once: no offset passes an order that isn't priced, no order overtakes another of its customer.
import { KafkaStreams, openTopics, serdes, StreamsBuilder, topic } from 'millrace'
import { thisRun } from './data/this-run.ts'

interface Order {
  readonly id: number
  readonly sku: string
  readonly pieces: number
}

const orders = topic(`orders-${thisRun}`, { key: serdes.string, value: serdes.json<Order>() })
const priced = topic(`priced-orders-${thisRun}`, { key: serdes.string, value: serdes.json<{ id: number; cents: number }>() })
const spent = topic(`spent-${thisRun}`, { key: serdes.string, value: serdes.long })

/** The service: slow, the later it is asked the faster, and at first it doesn't know the tea. */
const prices = { asked: 0, teaFails: 1, open: 0, most: 0 }
async function priceOf(sku: string): Promise<number> {
  prices.most = Math.max(prices.most, ++prices.open)
  await new Promise((resolve) => setTimeout(resolve, Math.max(5, 60 - 10 * prices.asked++)))
  prices.open--
  if (sku === 'tea' && prices.teaFails-- > 0) throw new Error('503, try again')
  return sku === 'tea' ? 450 : 1_200
}

const builder = new StreamsBuilder()
const withPrice = builder.stream(orders).mapValuesAsync(
  async ({ id, sku, pieces }) => ({ id, cents: pieces * (await priceOf(sku)) }),
  // By default 16 calls at once and in order of each key; `order: 'input'` keeps the order of all, `order: 'none'` lets each go on as it is done.
  { name: 'ask-price', concurrency: 4, timeoutMs: 2_000, retries: { attempts: 3, delayMs: 20 }, value: priced.value },
)
withPrice.to(priced)
withPrice
  .groupByKey()
  .aggregate(
    () => 0,
    (total, { cents }) => total + cents,
    { store: 'spent', value: serdes.long },
  )
  .toStream()
  .to(spent)

const topics = await openTopics()
for (const { name } of [orders, priced, spent]) await topics.createTopic(name)
await topics.produce(orders, [
  { key: 'ada', value: { id: 1, sku: 'tea', pieces: 2 } },
  { key: 'ada', value: { id: 2, sku: 'pot', pieces: 1 } },
  { key: 'kurt', value: { id: 3, sku: 'tea', pieces: 1 } },
  { key: 'ada', value: { id: 4, sku: 'tea', pieces: 1 } },
  { key: 'kurt', value: { id: 5, sku: 'pot', pieces: 3 } },
])

const app = new KafkaStreams(builder.build(), { applicationId: `pricing-${thisRun}` })
await app.start()
const byCustomer = new Map<string, string[]>()
for await (const { key, value } of topics.read(priced, { quietMs: 500, waitMs: 20_000 }))
  byCustomer.set(String(key), [...(byCustomer.get(String(key)) ?? []), `order ${value?.id} ${((value?.cents ?? 0) / 100).toFixed(2)} €`])
for (const customer of [...byCustomer.keys()].sort()) console.log(`${customer}: ${byCustomer.get(customer)?.join(', ')}`)
const totals = new Map<string, number>()
for await (const { key, value } of topics.read(spent)) totals.set(String(key), Number(value))
for (const customer of [...totals.keys()].sort()) console.log(`${customer} spent ${((totals.get(customer) ?? 0) / 100).toFixed(2)} €`)
console.log(`calls under way at once: ${prices.most}`)
await app.close() // lets what is under way end, and commits it
await topics.close()
