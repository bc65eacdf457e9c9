import { expect, test } from 'vitest'
import { keyValueStore, serdes } from '../../../src/index.ts'
import { built, copies, counts, customers, orders, refused, texts } from '../../support/shop-topics.ts'

const names = (make: Parameters<typeof built>[0]): string[] => [...built(make).nodes.keys()]

test('steps are numbered in the order of calls', () => {
  expect(
    names((builder) => {
      const stream = builder.stream(texts)
      stream.filter(() => true).to(copies)
      stream.mapValues((value) => value, { value: serdes.string }).to(copies)
    }),
  ).toEqual([
    'KSTREAM-SOURCE-0000000000',
    'KSTREAM-FILTER-0000000001',
    'KSTREAM-SINK-0000000002',
    'KSTREAM-MAPVALUES-0000000003',
    'KSTREAM-SINK-0000000004',
  ])
})

test('a name takes the place of an index, which is burned as Kafka Streams burns it', () => {
  expect(
    names((builder) =>
      builder
        .stream(texts, { name: 'in' })
        .filter(() => true, { name: 'keep' })
        .to(copies),
    ),
  ).toEqual(['in', 'keep', 'KSTREAM-SINK-0000000002'])
})

test('an unnamed store of an aggregate takes an index of its own before the step', () => {
  const topology = built((builder) => builder.stream(texts).groupByKey().count().toStream().to(counts))
  expect([...topology.stores.keys()]).toEqual(['KSTREAM-AGGREGATE-STATE-STORE-0000000002'])
  expect([...topology.nodes.keys()][1]).toBe('KSTREAM-AGGREGATE-0000000003')
})

test('a repartition is put in where a step reads by a key that was changed, and only there', () => {
  const rekeyed = built((builder) =>
    builder
      .stream(texts)
      .selectKey((value) => value, { key: serdes.string })
      .groupByKey({ name: 'words' })
      .count()
      .toStream()
      .to(counts),
  )
  expect(rekeyed.repartitionTopics.map(({ name }) => name)).toEqual(['words-repartition'])
  const kept = built((builder) =>
    builder
      .stream(texts)
      .mapValues((value) => value, { value: serdes.string })
      .groupByKey()
      .count(),
  )
  expect(kept.repartitionTopics).toEqual([])
  const twice = built((builder) => {
    const grouped = builder.stream(texts).groupBy((value) => value, { key: serdes.string, name: 'words' })
    grouped.count({ store: 'a' })
    grouped.count({ store: 'b' })
  })
  expect(twice.repartitionTopics).toHaveLength(1)
})

test('a repartition without a serde says which step must give it', () => {
  const error = refused((builder) =>
    builder
      .stream(texts)
      .selectKey((value) => value.length)
      .groupByKey()
      .count(),
  )
  expect(error.code).toBe('SERDE_MISSING')
  expect(error.message).toContain('needs a key serde: give it where the key was made, as selectKey(…, { key: serdes.string })')
})

test('a sink without a serde says so', () => {
  const error = refused((builder) =>
    builder
      .stream(texts)
      .mapValues((value) => value.length)
      .to(() => 'out', { key: serdes.string }),
  )
  expect(error).toMatchObject({ code: 'SERDE_MISSING', message: expect.stringContaining('value serde') })
})

test('one spec is one store, and two specs of one name are a mistake', () => {
  const spec = keyValueStore('seen', { key: serdes.string, value: serdes.long })
  const processor = () => ({ process: () => undefined })
  expect(
    built((builder) => {
      builder.stream(texts).process(processor, { stores: [spec] })
      builder.stream(copies).process(processor, { stores: [spec] })
    }).stores.size,
  ).toBe(1)
  const error = refused((builder) => {
    builder.stream(texts).process(processor, { stores: [spec] })
    builder.stream(copies).process(processor, { stores: [keyValueStore('seen', { key: serdes.string, value: serdes.long })] })
  })
  expect(error.message).toContain('seen')
})

test('a named table names its source after it', () => {
  expect(names((builder) => builder.stream(orders).join(builder.table(customers, { name: 'people' }), () => ''))).toContain('people-source')
})
