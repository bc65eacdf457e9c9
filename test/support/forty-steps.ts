/**
 * A topology of forty steps of all kinds, with types written at the sources only: what the budget of type instantiations in `api.test.ts` is measured
 * on. It is built, not run.
 */
import {
  hopping,
  joinWindow,
  minutes,
  otherwise,
  seconds,
  serdes,
  session,
  sliding,
  StreamsBuilder,
  topic,
  tumbling,
  untilWindowCloses,
  type Topology,
} from '../../src/index.ts'

interface Order {
  readonly id: string
  readonly customer: string
  readonly product: string
  readonly cents: number
  readonly coupon: string | null
}

interface Lined extends Order {
  readonly lines: readonly string[]
}

interface Sized extends Lined {
  readonly coupon: string
  readonly size: string
}

interface Titled extends Sized {
  readonly city: string
  readonly title: string
}

interface Due extends Titled {
  readonly due: number
}

interface Bill {
  readonly due: number
  readonly name: string | null
}

interface Visit {
  readonly seen: readonly string[]
}

interface Customer {
  readonly name: string
  readonly city: string
}

interface Payment {
  readonly order: string
  readonly cents: number
}

const orders = topic('orders', { key: serdes.string, value: serdes.json<Order>() })
const customers = topic('customers', { key: serdes.string, value: serdes.json<Customer>() })
const products = topic('products', { key: serdes.string, value: serdes.json<{ readonly title: string }>() })
const payments = topic('payments', { key: serdes.string, value: serdes.json<Payment>(), nullable: 'value' })
const numbers = topic('numbers', { key: serdes.string, value: serdes.double })
const texts = topic('texts', { key: serdes.string, value: serdes.string })

const builder = new StreamsBuilder()
// 1 to 4: sources.
const placed = builder.stream(orders)
const paid = builder.stream(payments)
const people = builder.table(customers)
const titles = builder.globalTable(products)

// 5 to 12: one record at a time.
const fresh = placed
  .filter((order) => order.cents > 0)
  .peek((order, key) => void [order.id, key])
  .deduplicate((order) => order.id, { within: minutes(10) })
  .mapValues((order): Lined => ({ ...order, lines: order.product.split(',') }), { value: serdes.json<Lined>() })
  .filter((order): order is Lined & { readonly coupon: string } => order.coupon !== null)
const money = paid
  .filter((payment) => payment !== null)
  .selectKey((payment) => payment.order, { key: serdes.string })
  .filterNot((payment) => payment.cents === 0)

// 13 to 18: branches and their union.
const { big, small, rest } = fresh.split({
  big: (order) => order.cents > 100_000,
  small: (order) => order.cents < 1_000,
  rest: otherwise,
})
const sized = big
  .mapValues((order): Sized => ({ ...order, size: 'big' }), { value: serdes.json<Sized>() })
  .merge(
    small.mapValues((order): Sized => ({ ...order, size: 'small' }), { value: serdes.json<Sized>() }),
    rest.mapValues((order): Sized => ({ ...order, size: '' }), { value: serdes.json<Sized>() }),
  )

// 19 to 24: joins.
const named = sized.leftJoin(people, (order, customer) => ({ ...order, city: customer?.city ?? 'nowhere' }))
const titled = named.join(titles, (order, { title }) => ({ ...order, title }), {
  key: (order) => order.product,
  value: serdes.json<Titled>(),
})
const settled = titled.leftJoin(money, (order, payment) => ({ ...order, due: order.cents - (payment?.cents ?? 0) }), {
  within: joinWindow(minutes(5)).grace(seconds(30)),
  value: serdes.json<Due>(),
})
const either = titled.outerJoin(money, (order, payment) => order?.cents ?? payment?.cents ?? 0, { within: joinWindow(minutes(1)) })
const latest = settled.toTable()
const bills = latest.leftJoin(people, (order, customer) => ({ due: order.due, name: customer?.name ?? null }), {
  foreignKey: (order) => order.customer,
  value: serdes.json<Bill>(),
})

// 25 to 35: aggregations.
const byCity = settled.groupBy((order) => order.city, { key: serdes.string, name: 'by-city' })
const sums = byCity.sum((order) => order.due)
const best = byCity.windowedBy(tumbling(minutes(1)).grace(seconds(5))).topK(3, (order) => order.cents)
const closed = best.suppress(untilWindowCloses())
const moving = byCity.windowedBy(hopping(minutes(5), { advance: minutes(5) })).average((order) => order.due)
const near = byCity.windowedBy(tumbling(minutes(5))).count()
const around = byCity.windowedBy(sliding(seconds(10))).max((order) => order.cents)
const visits = byCity.windowedBy(session(minutes(30))).aggregate<Visit>(
  () => ({ seen: [] }),
  (visit, order) => ({ seen: [...visit.seen, order.id] }),
  {
    value: serdes.json<Visit>(),
    merge: (left, right) => ({ seen: [...left.seen, ...right.seen] }),
  },
)
const totals = byCity
  .cogroup<number>((total, order) => total + order.due)
  .cogroup(money.groupByKey({ name: 'by-order' }), (total, payment) => total - payment.cents)
  .aggregate(() => 0, { value: serdes.double })
const perName = bills
  .groupBy((bill, key) => [bill.name ?? key, bill.due], { key: serdes.string, value: serdes.double, name: 'by-name' })
  .sum((due) => due)
const rich = perName.filter((due) => due > 1_000_000).mapValues((due) => due / 100)
const all = sums.outerJoin(totals, (left, right) => (left ?? 0) + (right ?? 0))

// 36 to 40: what comes out.
all.toStream().to(numbers)
rich.toStream().to(numbers)
either.to(numbers)
closed
  .toStream()
  .map((list, { key, window }) => [`${key}@${window.start}`, list?.map(({ title }) => title).join() ?? ''])
  .to(texts)
moving
  .join(near, (average, count) => `${average} ${count}`)
  .toStream({ key: (_text, { key }) => key })
  .to(texts)
visits
  .toStream()
  .selectKey((_visit, { key }) => key)
  .mapValues((visit) => visit?.seen.length ?? 0)
  .to(numbers)
around.toStream({ key: (_cents, { key }) => key }).to(numbers)

export const topology: Topology = builder.build()
