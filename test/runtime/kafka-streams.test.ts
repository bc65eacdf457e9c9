import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deadLetter, retry, serdes, topic } from '../../src/index.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'
import { appOn, freshBroker, processed, until } from './app-world.ts'

const counting = () => built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts))

test('runs from CREATED over REBALANCING to RUNNING, and closes to NOT_RUNNING', async () => {
  const broker = freshBroker()
  await broker.produce(texts, { key: 'k', value: 'v' })
  const app = appOn(broker, counting())
  const states = [app.state as string]
  app.on('state', ({ state }) => states.push(state))
  await app.start()
  expect(await app.close()).toEqual({ clean: true })
  expect(states).toEqual(['CREATED', 'REBALANCING', 'RUNNING', 'PENDING_SHUTDOWN', 'NOT_RUNNING'])
  expect(await app.close()).toEqual({ clean: true })
})

test('what was committed is gone on with; what comes out is what went in', async () => {
  const broker = freshBroker()
  for (let round = 1; round <= 3; round++) {
    await broker.produce(texts, [
      { key: 'a', value: '1' },
      { key: 'b', value: '2' },
    ])
    const app = appOn(broker, counting())
    await app.start()
    await until('all is processed', () => app.lag().get('0_0')?.[0]?.lag === 0)
    expect(app.store<never>('c')).toBeDefined()
    expect(await app.close()).toEqual({ clean: true })
  }
  const last = new Map<string | null, number | null>()
  for await (const { key, value } of broker.read(counts)) last.set(key, value)
  expect([...last]).toEqual([
    ['a', 3],
    ['b', 3],
  ])
})

test('a bad record becomes a dead letter, listeners hear of it, and the others are processed', async () => {
  const broker = freshBroker()
  const failed = topic('failed', { key: serdes.string, value: serdes.string })
  broker.createTopic('failed')
  await broker.produce(
    texts,
    ['ok', 'bad', 'fine'].map((value) => ({ key: 'k', value })),
  )
  const step = (value: string): string => {
    if (value === 'bad') throw new Error('broken')
    return value
  }
  const careful = built((builder) => builder.stream(texts).mapValues(step, { name: 'f', value: serdes.string }).to(copies))
  const app = appOn(broker, careful, { onError: ({ attempt }) => (attempt === 1 ? retry({ delayMs: 1 }, 'fail') : deadLetter('failed')) })
  const heard: string[] = []
  app.on('error', ({ error, decision }) => heard.push(`${decision} ${error.context.node} ${error.context.offset}`))
  await app.start()
  await until('all is processed', () => processed('texts', 3, app))
  expect(await app.close()).toEqual({ clean: true })
  expect(heard).toEqual(['retry f 1', 'dead-letter f 1'])
  const letters: unknown[] = []
  for await (const { key, value } of broker.read(failed)) letters.push([key, value])
  expect(letters).toEqual([['k', 'bad']])
})

test('starts once', async () => {
  const app = appOn(freshBroker(), counting())
  await app.start()
  await expect(app.start()).rejects.toMatchObject({ code: 'STATE_ILLEGAL' })
})

test('a failing step stops the application with the error, and what was before it is kept', async () => {
  const broker = freshBroker()
  await broker.produce(texts, [
    { key: 'k', value: 'ok' },
    { key: 'k', value: 'bad' },
  ])
  const app = appOn(
    broker,
    built((builder) =>
      builder
        .stream(texts)
        .mapValues(
          (value) => {
            if (value === 'bad') throw new Error('broken')
            return value
          },
          { value: serdes.string },
        )
        .to(copies),
    ),
  )
  const errors: string[] = []
  app.on('error', ({ error }) => errors.push(error.code))
  await app.start().catch(() => undefined)
  await until('it failed', () => app.state === 'ERROR')
  expect(errors).toEqual(['PROCESSING_ERROR'])
  expect((await app.close()).clean).toBe(false)
})

test('a thread may be replaced, but not for a record that failed three in a row', { timeout: 20_000 }, async () => {
  const broker = freshBroker()
  await broker.produce(texts, { key: 'k', value: 'bad' })
  const app = appOn(
    broker,
    built((builder) =>
      builder.stream(texts).peek(() => {
        throw new Error('each time')
      }),
    ),
    { onFailure: () => 'replace-thread' },
  )
  let errors = 0
  app.on('error', () => errors++)
  await app.start().catch(() => undefined)
  await until('it gave up', () => app.state === 'ERROR')
  expect(errors).toBe(3)
  expect(await app.close()).toMatchObject({ clean: false, error: { code: 'POISON_LOOP', cause: { code: 'PROCESSING_ERROR' } } })
})

test('threads are replaced at most six times a minute', async () => {
  const broker = freshBroker()
  broker.createTopic('texts', { partitions: 8 })
  const failing = built((builder) =>
    builder.stream(texts).process(() => ({
      init: (context) =>
        void context.schedule({ every: 1, by: 'wall-clock' }, () => {
          throw new Error('each time')
        }),
      process: () => undefined,
    })),
  )
  const app = appOn(broker, failing, { onFailure: () => 'replace-thread', threads: 8 })
  await app.start().catch(() => undefined)
  await until('it gave up', () => app.state === 'ERROR')
  expect(await app.close()).toMatchObject({ clean: false, error: { code: 'REPLACEMENT_LIMIT' } })
})

test('closing while a thread waits to be replaced doesn’t wait for that', async () => {
  const broker = freshBroker()
  await broker.produce(texts, { key: 'k', value: 'bad' })
  const failing = built((builder) =>
    builder.stream(texts).peek(() => {
      throw new Error('each time')
    }),
  )
  const app = appOn(broker, failing, { onFailure: () => 'replace-thread' })
  let failed = 0
  app.on('error', () => failed++)
  await app.start().catch(() => undefined)
  await until('it failed twice', () => failed === 2)
  const before = Date.now()
  expect(await app.close()).toEqual({ clean: true })
  expect(Date.now() - before).toBeLessThan(1_500)
})

test('the process may end at once after closing: no timer is left', async () => {
  const broker = freshBroker()
  const app = appOn(broker, counting())
  await app.start()
  await app.close()
  broker.close()
  const active = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(active).toBeLessThanOrEqual(2)
})

test('closing while it starts rejects the start', async () => {
  const app = appOn(freshBroker(), counting())
  const starting = app.start()
  const closing = app.close()
  await Promise.allSettled([starting, closing])
  expect(app.state).toBe('NOT_RUNNING')
})

test('closing at the first moment of its start leaves nothing that runs', async () => {
  const broker = freshBroker()
  await broker.produce(texts, { key: 'k', value: 'v' })
  const app = appOn(broker, counting())
  const closed: Promise<unknown>[] = []
  app.on('state', ({ state }) => state === 'REBALANCING' && closed.push(app.close()))
  await expect(app.start()).rejects.toMatchObject({ code: 'STATE_ILLEGAL' })
  expect(await closed[0]).toEqual({ clean: true })
  const other = appOn(broker, counting())
  const closing = other.start()
  expect((await other.close()).clean).toBe(true)
  await expect(closing).rejects.toMatchObject({ code: 'STATE_ILLEGAL' })
  expect([app.state, other.state]).toEqual(['NOT_RUNNING', 'NOT_RUNNING'])
  const third = appOn(broker, counting())
  await third.start()
  expect([third.tasks().length, app.tasks().length, other.tasks().length]).toEqual([1, 0, 0])
})

test('pausing stops processing, resuming goes on', async () => {
  const broker = freshBroker()
  const app = appOn(broker, counting())
  await app.start()
  app.pause()
  await broker.produce(texts, { key: 'k', value: 'v' })
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(app.tasks()[0]!.partitions[0]!.position).toBe(0)
  app.resume()
  await until('it was processed', () => app.tasks()[0]!.partitions[0]!.position === 1)
})

test('stores are read while it runs, and by their names', async () => {
  const broker = freshBroker()
  await broker.produce(texts, [{ key: 'k', value: 'v' }])
  const app = appOn(broker, counting())
  expect(() => app.store('c')).toThrow(expect.objectContaining({ code: 'REBALANCING' }))
  await app.start()
  await until('it was counted', async () => (await (app.store('c') as { get(key: string): unknown }).get('k')) === 1)
  expect(() => app.store('none')).toThrow(/there is no store none: the topology has c/)
})

test('S8: local state whose changelog was made anew is refused until cleanUp() removes it', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-clean-'))
  try {
    for (const clean of [false, false, true]) {
      const broker = freshBroker()
      await broker.produce(texts, { key: 'a', value: '1' })
      const app = appOn(broker, counting(), { engine: 'level', stateDir })
      if (clean) await app.cleanUp()
      const refused = existsSync(join(stateDir, 'app', '0_0')) && !clean
      if (refused)
        await expect(app.start()).rejects.toMatchObject({ code: 'CHANGELOG_REPLACED', message: expect.stringContaining('cleanUp()') })
      else {
        await app.start()
        await until('all is processed', () => processed('texts', 1, app))
        await expect(app.cleanUp()).rejects.toMatchObject({ code: 'STATE_ILLEGAL' })
      }
      await app.close()
      broker.close()
    }
    expect(existsSync(join(stateDir, 'app', '0_0'))).toBe(true)
  } finally {
    rmSync(stateDir, { recursive: true })
  }
})
