import { expect, test } from 'vitest'
import { built, copies, texts } from '../support/shop-topics.ts'
import { appOn, freshBroker, until } from './app-world.ts'

const failing = (bad: string) =>
  built((builder) =>
    builder
      .stream(texts)
      .peek((value) => {
        if (value === bad) throw new Error('no more')
      })
      .to(copies),
  )

test(
  'stop-application ends every instance: the one that failed with its error, the others with what they were told',
  { timeout: 30_000 },
  async () => {
    const broker = freshBroker()
    broker.createTopic('texts', { partitions: 6 })
    const onFailure = () => 'stop-application' as const
    const apps = [1, 2, 3].map((threads) => appOn(broker, failing('bad'), { onFailure, threads }))
    const errors = apps.map((app) => {
      const codes: string[] = []
      app.on('error', ({ error }) => codes.push(error.code))
      return codes
    })
    await Promise.all(apps.map((app) => app.start()))
    await until('all have tasks', () => apps.every((app) => app.state === 'RUNNING' && app.tasks().length > 0))
    const before = Date.now()
    await broker.produce(texts, { key: 'k', value: 'bad' })
    await until('all have ended', () => apps.every((app) => app.state === 'ERROR'), 20_000)
    // The others were told; none has waited for a session to run out.
    expect(Date.now() - before).toBeLessThan(8_000)
    const told = errors.map((codes) => codes.join()).toSorted()
    expect(told).toEqual(['APPLICATION_STOPPED', 'APPLICATION_STOPPED', 'PROCESSING_ERROR'])
    const results = await Promise.all(apps.map((app) => app.close()))
    expect(results.every(({ clean }) => !clean)).toBe(true)

    // What started it is mended: the same group starts again.
    const healed = appOn(broker, failing('nothing'))
    await healed.start()
    await until('it goes on', async () => {
      for await (const { value } of broker.read(copies)) if (value === 'bad') return true
      return false
    })
    expect(await healed.close()).toEqual({ clean: true })
  },
)

test('stop-application of the only instance stops it with its own error', async () => {
  const broker = freshBroker()
  const app = appOn(broker, failing('bad'), { onFailure: () => 'stop-application' })
  await app.start()
  await broker.produce(texts, { key: 'k', value: 'bad' })
  await until('it has ended', () => app.state === 'ERROR')
  expect(await app.close()).toMatchObject({ clean: false, error: { code: 'PROCESSING_ERROR' } })
})
