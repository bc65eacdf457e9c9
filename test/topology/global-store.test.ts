/** Global stores without the DSL. */
import { expect, test } from 'vitest'
import { keyValueStore, serdes, topic, Topology, type Processor, type ProcessorContext } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'

const rates = keyValueStore('rates', { key: serdes.string, value: serdes.string })
const currencies = topic('currencies', { key: serdes.string, value: serdes.string })
const sums = topic('sums', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })

const keeper = (): Processor<string, string, never, never> => {
  let context: ProcessorContext<never, never>
  return {
    init: (given) => {
      context = given
    },
    process: ({ key, value }) => context.store(rates).put(key, value),
  }
}

const converter = (): Processor<string, string, string, string> => {
  let context: ProcessorContext<string, string>
  return {
    init: (given) => {
      context = given
    },
    process: (record) => void context.forward(record.withValue(JSON.stringify([record.value, context.store(rates).get(record.key)]))),
  }
}

const filled = (): Topology => new Topology().addGlobalStore(rates, currencies, keeper)

test('every task reads what its topic says, in whatever partition that is', () => {
  const topology = filled().addSource('in', sums).addProcessor('convert', converter, 'in').addSink('out', out, 'convert')
  using driver = new TopologyTestDriver(topology, { partitions: 3 })
  for (const key of ['EUR', 'USD', 'JPY']) driver.input(currencies).send({ key, value: `rate of ${key}` })
  for (const key of ['EUR', 'USD', 'JPY']) driver.input(sums).send({ key, value: '1' })
  const values = driver.output(out).readAll().map(({ value }) => value) // prettier-ignore
  expect(values).toEqual(['EUR', 'USD', 'JPY'].map((key) => `["1","rate of ${key}"]`))
  expect(topology.globals.map(({ id, stores }) => [id, stores[0]?.name])).toEqual([[0, 'rates']])
  expect(topology.describe()).toMatch(/Sub-topology: 0 for global store/)
})

test('a step that is connected to it is a mistake', () => {
  const code = expect.objectContaining({ code: 'TOPOLOGY_INVALID', message: expect.stringContaining('global store rates') })
  const read = filled().addSource('in', sums)
  expect(() => read.addProcessor('convert', converter, 'in', { stores: [rates] })).toThrow(code)
  expect(() => read.addProcessor('convert', converter, 'in').connect('convert', rates)).toThrow(code)
})
