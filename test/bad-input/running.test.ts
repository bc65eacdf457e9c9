/** Starting, running and closing: what the cluster lacks, what is called at the wrong time, and callbacks that misbehave. */
import { describe, expect, test } from 'vitest'
import { ClusterError, ConfigError, ProcessingError, serdes, type KafkaStreams, type StreamsError, type Topology } from '../../src/index.ts'
import { defaultClock, defaultRandom } from '../../src/runtime/defaults.ts'
import { openMemoryBroker } from '../../src/runtime/memory-broker.ts'
import type { MemoryCluster } from '../../src/memory/cluster.ts'
import { METADATA } from '../../src/wire/api/metadata.ts'
import { appOn, freshBroker, processed, until } from '../runtime/app-world.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { built, copies, counts, customers, orders, texts } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'
import { committed, entryTexts, failsOnce, resultTexts } from './scenario.ts'

const ports = { clock: defaultClock, random: defaultRandom }
const counting = (): Topology => built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts))

/** The error with which an application doesn't start. */
async function startFails(app: KafkaStreams): Promise<StreamsError> {
  const errors: StreamsError[] = []
  app.on('error', ({ error }) => errors.push(error))
  const error = await app.start().then(
    () => {
      throw new Error('it started')
    },
    (found: StreamsError) => found,
  )
  expect(errors).toEqual([error])
  await until('it is over', () => app.state === 'ERROR')
  expect(await app.close()).toEqual({ clean: false, error })
  return error
}

function world(): { broker: ReturnType<typeof freshBroker>; cluster: MemoryCluster } {
  const broker = freshBroker()
  return { broker, cluster: openMemoryBroker(broker.name, ports).cluster }
}

test('B23: sources that are missing are all named, and nothing is made in their place', async () => {
  const { broker, cluster } = world()
  // As a cluster that makes no topics by itself.
  cluster.injectFault((api, request) => {
    if (api.key === METADATA.key) Object.assign(request as object, { allowAutoTopicCreation: false })
    return undefined
  })
  broker.createTopic('texts')
  const app = appOn(
    broker,
    built((builder) => builder.stream([texts, copies]).merge(builder.stream(entryTexts)).to(resultTexts)),
  )
  const error = await startFails(app)
  expect(error).toBeInstanceOf(ClusterError)
  expect(error.code).toBe('SOURCE_MISSING')
  expect(error.message).toBe("source topics copies, entries can't be found: create them before the application starts")
  expect(broker.topics()).toEqual(['texts'])
})

test('B24: topics that are joined must have as many partitions', async () => {
  const { broker } = world()
  broker.createTopic('orders', { partitions: 3 })
  broker.createTopic('customers', { partitions: 4 })
  const topology = built((builder) =>
    builder
      .stream(orders)
      .join(builder.table(customers), ({ cents }, { name }) => `${cents} ${name}`, { value: serdes.string })
      .to(copies),
  )
  const error = await startFails(appOn(broker, topology))
  expect(error.code).toBe('COPARTITION')
  expect(error.message).toContain(
    '(orders → 3, customers → 4). Use .repartition({ partitions: 4 }) on the stream of orders before the join',
  )
  expect(broker.topics().filter((name) => name.startsWith('app-'))).toEqual([])
})

test('B25: a changelog of other partitions is named and left as it is', async () => {
  const { broker, cluster } = world()
  broker.createTopic('texts', { partitions: 3 })
  broker.createTopic('app-c-changelog', { partitions: 5, configs: { 'cleanup.policy': 'compact' } })
  const error = await startFails(appOn(broker, counting()))
  expect(error).toMatchObject({ code: 'INTERNAL_TOPIC_MISMATCH', context: { topic: 'app-c-changelog' } })
  expect(error.message).toContain('internal topic app-c-changelog has 5 partitions and needs 3')
  expect(error.message).toContain('reset the application, or give it another id')
  expect(cluster.endOffsets('app-c-changelog')).toHaveLength(5)
})

test('B26: a changelog that would delete state is named and left as it is', async () => {
  const { broker, cluster } = world()
  broker.createTopic('app-c-changelog', { configs: { 'cleanup.policy': 'delete' } })
  const error = await startFails(appOn(broker, counting()))
  expect(error).toMatchObject({ code: 'INTERNAL_TOPIC_CONFIG', context: { topic: 'app-c-changelog' } })
  expect(error.message).toContain('changelog app-c-changelog has cleanup.policy=delete and needs compact')
  expect(cluster.topic('app-c-changelog')!.configs['cleanup.policy']).toBe('delete')
})

describe('B46: start', () => {
  test.each<[string, (app: KafkaStreams) => unknown, string]>([
    ['while it starts', (app) => void app.start().catch(() => undefined), 'REBALANCING'],
    ['when it runs', (app) => app.start(), 'RUNNING'],
    ['after close', async (app) => app.start().then(() => app.close()), 'NOT_RUNNING'],
    ['after a close before any start', (app) => app.close(), 'NOT_RUNNING'],
  ])('%s is refused with the state it is in and the one it needs', async (_what, before, state) => {
    const app = appOn(world().broker, counting())
    await before(app)
    const error: unknown = await app.start().catch((found: unknown) => found)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({
      code: 'STATE_ILLEGAL',
      message: `start() was called in state ${state}: an application starts once, from CREATED; make a new one`,
    })
  })
})

/** Copies texts and closes the application at the text `close`, in this way. */
function closing(close: (app: KafkaStreams) => unknown): {
  app: KafkaStreams
  broker: ReturnType<typeof freshBroker>
  cluster: MemoryCluster
} {
  const { broker, cluster } = world()
  const topology = built((builder) =>
    builder
      .stream(texts)
      .process<string, string>(() => ({ process: ({ value }) => (value === 'close' ? untyped(close(app)) : undefined) }), { name: 'last' }),
  )
  const app: KafkaStreams = appOn(broker, topology)
  return { app, broker, cluster }
}

describe('B47: close', () => {
  test('twice, at once and later, answers the same', async () => {
    const { broker } = world()
    const app = appOn(broker, counting())
    await app.start()
    const first = app.close()
    expect(app.close()).toBe(first)
    expect(await first).toEqual({ clean: true })
    expect(app.close()).toBe(first)
  })

  test('before start is fine', async () => {
    expect(await appOn(world().broker, counting()).close()).toEqual({ clean: true })
  })

  test('in a callback ends cleanly, with the record in hand', async () => {
    const { app, broker, cluster } = closing((itself) => void itself.close())
    await app.start()
    await broker.produce(
      texts,
      ['a', 'close', 'b'].map((value) => ({ key: 'k', value })),
    )
    await until('it is over', () => app.state === 'NOT_RUNNING')
    expect(await app.close()).toEqual({ clean: true })
    expect(await committed(cluster, 'texts')).toBeGreaterThanOrEqual(2)
  })

  test('in a callback that waits for it ends too, by force, and says which step waits', async () => {
    const { app, broker, cluster } = closing((itself) => itself.close({ timeoutMs: 300 }))
    await app.start()
    await broker.produce(
      texts,
      ['a', 'close', 'b'].map((value) => ({ key: 'k', value })),
    )
    await until('it is over', () => app.state === 'NOT_RUNNING')
    const { clean, error } = await app.close()
    expect(clean).toBe(false)
    expect(error).toMatchObject({ code: 'TASK_TIMEOUT' })
    expect(String(error)).toContain('closing took longer than 300 ms (step last at texts[0]@1 still waits): nothing more was committed')
    expect((await committed(cluster, 'texts')) ?? 0).toBeLessThanOrEqual(1)
    expect(cluster.group('app')?.members ?? []).toHaveLength(0)
  })

  test('in a listener ends cleanly', async () => {
    const app = appOn(world().broker, counting())
    app.on('state', ({ state }) => {
      if (state === 'RUNNING') void app.close()
    })
    await app.start().catch(() => undefined)
    await until('it is over', () => app.state === 'NOT_RUNNING')
    expect(await app.close()).toEqual({ clean: true })
  })
})

const failing = built((builder) =>
  builder
    .stream(entryTexts)
    .peek(
      (value) => {
        if (value === 'bad') throw new Error('the record is bad')
      },
      { name: 'mine' },
    )
    .to(resultTexts),
)

describe('B48: an onError that answers', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'onError answered undefined'],
    ['a word that isn’t one', 'ignore', 'onError answered ignore'],
    ['a promise', Promise.resolve('skip'), 'onError answered'],
  ])('%s counts as fail, and keeps the error it was asked about', async (_what, answer, says) => {
    const error = await failsOnce({
      topology: failing,
      healed: built((builder) => builder.stream(entryTexts).to(resultTexts)),
      options: { onError: () => untyped(answer) },
    })
    expect(error).toBeInstanceOf(ProcessingError)
    expect(error.code).toBe('HANDLER_RESULT')
    expect(error.message).toContain(says)
    expect(error.message).toContain('the record is bad')
    expect(error.cause).toMatchObject({ code: 'PROCESSING_ERROR', context: { node: 'mine', offset: 4 } })
  })
})

describe('B49: a handler that throws', () => {
  test('onError counts as fail', async () => {
    const thrown = new Error('the handler is broken')
    const error = await failsOnce({
      topology: failing,
      healed: built((builder) => builder.stream(entryTexts).to(resultTexts)),
      options: {
        onError: () => {
          throw thrown
        },
      },
    })
    expect(error.code).toBe('HANDLER_RESULT')
    expect(error.message).toContain('the record is bad')
    expect(error.cause).toBe(thrown)
  })

  test.each<[string, () => never]>([
    [
      'onFailure',
      () => {
        throw new Error('no decision')
      },
    ],
    ['an onFailure that answers nonsense', () => untyped('restart')],
  ])('%s stops the client, and is logged', async (what, onFailure) => {
    const { logger, events } = recordedLog()
    const error = await failsOnce({ topology: failing, options: { onFailure, logger } })
    expect(error.code).toBe('PROCESSING_ERROR')
    const told = events.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(told).toContain(what === 'onFailure' ? 'onFailure threw' : "onFailure answered 'restart': the client stops")
  })
})

test('B50: a listener that throws is logged, and changes nothing', async () => {
  const { broker } = world()
  const { logger, events } = recordedLog()
  const app = appOn(broker, counting(), { logger })
  for (const name of ['state', 'rebalance', 'restore', 'commit'] as const)
    app.on(name, () => {
      throw new Error(`broken ${name}`)
    })
  await app.start()
  await broker.produce(texts, { key: 'k', value: 'v' })
  await until('it is processed', () => processed('texts', 1, app))
  await until('it is committed', () => events.some(({ fields }) => 'event' in fields && fields.event === 'commit'))
  expect(app.state).toBe('RUNNING')
  expect(await app.close()).toEqual({ clean: true })
  const told = events.filter(({ message }) => message === 'a listener threw')
  expect(new Set(told.map(({ fields }) => ('event' in fields ? fields.event : undefined)))).toEqual(
    new Set(['state', 'rebalance', 'commit']),
  )
  expect(told[0]!.fields).toMatchObject({ error: 'Error: broken state' })
})

test('B85: another topology under the same application id is refused with both hashes', async () => {
  const { broker, cluster } = world()
  const first = appOn(broker, counting())
  const other = appOn(
    broker,
    built((builder) => builder.stream(texts).groupByKey().count({ store: 'another' })),
  )
  const errors: StreamsError[] = []
  for (const app of [first, other]) app.on('error', ({ error }) => errors.push(error))
  await first.start()
  await broker.produce(texts, { key: 'k', value: 'v' })
  await until('it is committed', async () => (await committed(cluster, 'texts')) === 1)
  void other.start().catch(() => undefined)
  await until('one of them says so', () => errors.length > 0)
  expect(errors[0]).toBeInstanceOf(ClusterError)
  expect(errors[0]!.code).toBe('TOPOLOGY_MISMATCH')
  expect(errors[0]!.message).toMatch(/^instances of app run different topologies \([0-9a-f]{1,8} and [0-9a-f]{1,8}\): deploy one/)
  expect(await committed(cluster, 'texts')).toBe(1)
})

test('B86: of two processes with one instance id, the second takes over and the first ends with its name', async () => {
  const { broker } = world()
  const options = { instanceId: 'orders-1' }
  const first = appOn(broker, counting(), options)
  const errors: StreamsError[] = []
  first.on('error', ({ error }) => errors.push(error))
  await first.start()
  const second = appOn(broker, counting(), options)
  second.on('error', ({ error }) => errors.push(error))
  await second.start()
  await until('one of them ends', () => errors.length > 0, 20_000)
  expect(errors[0]).toBeInstanceOf(ClusterError)
  expect(errors[0]!.code).toBe('INSTANCE_FENCED')
  expect(errors[0]!.message).toContain('another process runs with instanceId orders-1: give each its own')
  await until('the other runs', () => [first, second].some(({ state }) => state === 'RUNNING'))
})
