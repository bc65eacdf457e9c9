import { expect, test } from 'vitest'
import { keyValueStore, serdes, StreamsBuilder, topic, type Topology } from '../../src/index.ts'
import { appOn, freshBroker, until } from './app-world.ts'

const products = topic('products', { key: serdes.string, value: serdes.string, nullable: 'value' })
const orders = topic('orders', { key: serdes.string, value: serdes.string })
const named = topic('named', { key: serdes.string, value: serdes.string })
const byId = keyValueStore('products-by-id', { key: serdes.string, value: serdes.string })

/** Orders with the name of what was ordered. */
function naming(): Topology {
  const builder = new StreamsBuilder()
  const all = builder.globalTable(products, { store: byId })
  builder
    .stream(orders)
    .leftJoin(all, (order, product) => `${order}: ${product ?? 'unknown'}`, { key: (order) => order })
    .to(named)
  return builder.build()
}

async function results(broker: ReturnType<typeof freshBroker>): Promise<string[]> {
  const values: string[] = []
  for await (const { value } of broker.read(named)) values.push(String(value))
  return values
}

test('every instance has read all partitions of a global table before it processes, and follows it', async () => {
  const broker = freshBroker()
  broker.createTopic('products', { partitions: 3 })
  broker.createTopic('orders', { partitions: 2 })
  const ids = Array.from({ length: 20 }, (_, i) => `p${i}`)
  await broker.produce(products, ids.map((id) => ({ key: id, value: `name of ${id}` }))) // prettier-ignore
  await broker.produce(orders, ids.map((id) => ({ key: `customer of ${id}`, value: id }))) // prettier-ignore
  const [first, second] = [appOn(broker, naming()), appOn(broker, naming())]
  await Promise.all([first.start(), second.start()])
  await until('all is joined', async () => (await results(broker)).length === 20)
  expect((await results(broker)).toSorted()).toEqual(ids.map((id) => `${id}: name of ${id}`).toSorted())
  for (const app of [first, second]) {
    expect(await app.store(byId).get('p7')).toBe('name of p7')
    expect(app.store(byId).approximateSize()).toBe(20)
  }
  await broker.produce(products, [{ key: 'p7', value: 'new name' }, { key: 'p8', value: null }]) // prettier-ignore
  await until('both have followed', async () => {
    const found = await Promise.all([first, second].map(async (app) => [await app.store(byId).get('p7'), await app.store(byId).get('p8')]))
    return found.every(([seven, eight]) => seven === 'new name' && eight === undefined)
  })
  expect([...first.tasks(), ...second.tasks()]).toHaveLength(2)
})

test('a restarted instance reads it again, from what is there', async () => {
  const broker = freshBroker()
  await broker.produce(products, [{ key: 'a', value: '1' }])
  const first = appOn(broker, naming())
  await first.start()
  expect(await first.store(byId).get('a')).toBe('1')
  expect(await first.close()).toEqual({ clean: true })
  await broker.produce(products, [{ key: 'a', value: '2' }])
  const second = appOn(broker, naming())
  await second.start()
  expect(await second.store(byId).get('a')).toBe('2')
})

test('a global store is filled by its processor, at the start too, and only by it', async () => {
  const broker = freshBroker()
  const lengths = keyValueStore('lengths', { key: serdes.string, value: serdes.long })
  const builder = new StreamsBuilder()
  builder.addGlobalStore(lengths, products, () => {
    let put = (_key: string, _value: number): void => undefined
    return {
      init: (context) => {
        put = (key, value) => context.store(lengths).put(key, value)
      },
      process: ({ key, value }) => put(key, value?.length ?? 0),
    }
  })
  const seen: string[] = []
  builder.stream(orders).processValues(() => {
    let look = (_value: string): void => undefined
    return {
      init: (context) => {
        const store = context.store(lengths)
        look = (value) => {
          seen.push(JSON.stringify([value, store.get(value)]))
          if (value === 'write') store.put('p', 1)
        }
      },
      process: ({ value }) => look(value),
    }
  })
  await broker.produce(products, [{ key: 'p', value: 'four' }])
  const app = appOn(broker, builder.build())
  const failed = new Promise((resolve) => {
    app.on('error', ({ error }) => resolve(error))
  })
  await app.start()
  await broker.produce(orders, [{ key: 'k', value: 'p' }, { key: 'k', value: 'write' }]) // prettier-ignore
  await expect(failed).resolves.toMatchObject({ code: 'STORE_NOT_CONNECTED', message: expect.stringContaining('lengths is global') })
  expect(seen).toEqual(['["p",4]', '["write",null]'])
})

test('an error in a global store’s processor ends the instance', async () => {
  const broker = freshBroker()
  const builder = new StreamsBuilder()
  builder.addGlobalStore(byId, products, () => ({
    process: ({ value }) => {
      if (value === 'bad') throw new Error('no such product')
    },
  }))
  builder.stream(orders).to(named)
  const app = appOn(broker, builder.build())
  await app.start()
  await broker.produce(products, [{ key: 'p', value: 'bad' }])
  await until('it has ended', () => app.state === 'ERROR')
})

test('an instance that is closed while it still fills its global stores ends', async () => {
  const broker = freshBroker()
  await broker.produce(products, [{ key: 'p', value: 'v' }])
  const app = appOn(broker, naming())
  const started = app.start()
  await new Promise((settle) => setImmediate(settle))
  await app.close()
  await expect(started).rejects.toMatchObject({ code: 'STATE_ILLEGAL' })
  expect(app.state).toBe('NOT_RUNNING')
})
