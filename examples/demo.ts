/**
 * The tour: a shop's orders, made up as they go, meet the customers' table and are counted and summed per ten seconds of event time in each
 * city. On a terminal it is a table that lives; in a pipe, plain lines. It ends by itself and says where to look next.
 */
import { styleText } from 'node:util'
import { KafkaStreams, openTopics, seconds, serdes, StreamsBuilder, topic, tumbling, type Windowed } from 'millrace'
import { customersOfTheShop, shop, type Customer, type Order } from './data/shop.ts'
import { thisRun } from './data/this-run.ts'

const RUN_MS = Number(process.env['MILLRACE_DEMO_MS'] ?? 20_000)
const WINDOW_MS = seconds(10)

interface Sale {
  readonly city: string
  readonly cents: number
}

interface Sum {
  readonly orders: number
  readonly cents: number
}

const customers = topic(`shop-customers-${thisRun}`, { key: serdes.string, value: serdes.json<Customer>() })
const orders = topic(`shop-orders-${thisRun}`, { key: serdes.string, value: serdes.json<Order>() })
const sales = topic(`sales-per-city-${thisRun}`, { key: serdes.timeWindowed(serdes.string, WINDOW_MS), value: serdes.json<Sum>() })

const builder = new StreamsBuilder()
builder
  .stream(orders)
  .join(builder.table(customers, { store: 'customers' }), (order, customer): Sale => ({ city: customer.city, cents: order.cents }))
  .groupBy((sale) => sale.city, { key: serdes.string, value: serdes.json<Sale>(), name: 'by-city' })
  .windowedBy(tumbling(WINDOW_MS).grace(seconds(2)))
  .aggregate(
    (): Sum => ({ orders: 0, cents: 0 }),
    (sum, sale) => ({ orders: sum.orders + 1, cents: sum.cents + sale.cents }),
    { store: 'sales', value: serdes.json<Sum>(), emit: 'on-commit' },
  )
  .toStream()
  .to(sales)

const topics = await openTopics()
await topics.createTopic(customers.name, { partitions: 3 })
await topics.createTopic(orders.name, { partitions: 3 })
await topics.createTopic(sales.name, { partitions: 1 })
await topics.produce(customers, customersOfTheShop(Date.now()))

const app = new KafkaStreams(builder.build(), { applicationId: `demo-${thisRun}`, commitIntervalMs: 250 })
await app.start()
const started = Date.now()
const produced = setInterval(() => void topics.produce(orders, shop(Date.now(), 40)), 100)
setTimeout(() => clearInterval(produced), RUN_MS)

// `npm run demo | head` closes the pipe: that is a way to end it, too.
process.stdout.on('error', () => process.exit(0))
const rows = new Map<string, Sum & { readonly window: Windowed<string>['window'] }>()
let drawn = 0
for await (const { key, value } of topics.read(sales, { quietMs: 2_000, waitMs: 20_000 })) {
  if (key === null || value === null) continue
  if ((rows.get(key.key)?.window.start ?? 0) <= key.window.start) rows.set(key.key, { ...value, window: key.window })
  if (process.stdout.isTTY) draw()
  else console.log(`${clock(key.window.start)}  ${key.key.padEnd(10)} ${String(value.orders).padStart(5)} orders ${euros(value.cents)}`)
}
await app.close()
await topics.close()
const total = ((Date.now() - started) / 1_000).toFixed(0)
console.log(
  `\n${total} s of orders, joined and counted. Next: npm run example 05 (windows), npm run example 13 (the join), README.md (your own).`,
)

function draw(): void {
  const lines = [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([city, { orders: count, cents, window }]) => {
      const bar = '█'.repeat(Math.max(0, Math.min(process.stdout.columns - 54, Math.round(count / 4))))
      return `  ${city.padEnd(10)} ${clock(window.start)}  ${String(count).padStart(5)} orders ${euros(cents)}  ${styleText('cyan', bar)}`
    })
  const head = styleText('bold', '  city       window from   orders per ten seconds, joined with the customers’ table')
  process.stdout.write(`${drawn > 0 ? `\u001b[${drawn}A` : ''}${[head, ...lines].map((line) => `\u001b[2K${line}`).join('\n')}\n`)
  drawn = lines.length + 1
}

function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19)
}

function euros(cents: number): string {
  return `${(cents / 100).toFixed(2).padStart(10)} €`
}
