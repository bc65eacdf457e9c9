/** Whatever order promises settle in, and however a task's turns fall between: the order that was asked for, each record once, no position past one that waits. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { serdes, type AsyncOptions } from '../../src/index.ts'
import { built, texts } from '../support/shop-topics.ts'
import { turn } from '../support/manual-calls.ts'
import { taskWorld } from './task-world.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)

interface Open {
  readonly value: string
  readonly settle: () => void
}

/** A step whose promises are settled by hand, in any order. */
class Service {
  readonly open: Open[] = []
  most = 0

  readonly ask = (value: string): Promise<string> | string => {
    // Every fifth is known already.
    if (Number(value.slice(1)) % 5 === 4) return value
    return new Promise((resolve) => {
      this.open.push({ value, settle: () => resolve(value) })
      this.most = Math.max(this.most, this.open.length)
    })
  }
}

const options = fc.record({
  order: fc.constantFrom('key', 'input', 'none'),
  concurrency: fc.integer({ min: 1, max: 5 }),
  maxParked: fc.integer({ min: 1, max: 6 }),
}) satisfies fc.Arbitrary<AsyncOptions>

const cases = fc.record({
  keys: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 25 }),
  steps: fc.array(options, { minLength: 1, maxLength: 3 }),
  spread: fc.integer({ min: 1, max: 3 }),
  choices: fc.array(fc.nat(), { minLength: 20, maxLength: 60 }),
})

test('order, once, positions and bounds hold for any order of completion, over one to three steps', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ keys, steps, spread, choices }) => {
      const services = steps.map(() => new Service())
      const out: { readonly key: string; readonly value: string; readonly offset: number }[] = []
      const topology = built((builder) => {
        // One record may become several of its key: `a3` → `a3`, `a3+1`, …
        let stream = builder
          .stream(texts)
          .flatMapValues((value) => Array.from({ length: spread }, (_, i) => (i === 0 ? value : `${value}.${i}`)))
        for (const [i, step] of steps.entries()) stream = stream.mapValuesAsync(services[i]!.ask, { ...step, value: serdes.string })
        stream.forEach((value, key, { offset }) => void out.push({ key, value, offset }))
      })
      const world = taskWorld(topology)
      world.add(
        'texts',
        keys.map((key, i) => [`${key}${i}`, i, key] as const),
      )
      const { task } = world
      const total = keys.length * spread
      let running: Promise<unknown> | undefined
      for (let n = 0; out.length < total; n++) {
        expect(n).toBeLessThan(20_000)
        const choice = choices[n % choices.length]!
        const open = services.flatMap((service) => service.open.map((call, at) => ({ service, call, at })))
        if (open.length > 0 && choice % 3 > 0) {
          const { service, call, at } = open[choice % open.length]!
          service.open.splice(at, 1)
          call.settle()
        } else if (running === undefined) {
          const done = task.process((choice % 7) + 1)
          running = done instanceof Promise ? done.finally(() => (running = undefined)) : undefined
        }
        await turn()
        const emitted = new Set(out.map(({ offset }) => offset))
        const first = keys.findIndex((_, offset) => out.filter((one) => one.offset === offset).length < spread)
        if (first >= 0) expect(task.positions()[0]!.offset).toBeLessThanOrEqual(first)
        expect(emitted.size).toBeLessThanOrEqual(keys.length)
        // One that waits for room is in the step as well.
        expect(task.deferred.size).toBeLessThanOrEqual(steps.reduce((sum, { maxParked }) => sum + maxParked + 1, 0))
      }
      await running
      await task.process(1)
      expect([task.positions()[0]!.offset, task.deferred.size]).toEqual([keys.length, 0])
      expect(new Set(out.map(({ value }) => value)).size).toBe(total)
      for (const { offset, value, key } of out) expect(value.startsWith(`${key}${offset}`)).toBe(true)
      for (const [i, { concurrency }] of steps.entries()) expect(services[i]!.most).toBeLessThanOrEqual(concurrency)
      const inOrder = (values: readonly { readonly offset: number }[]): void =>
        expect(values.map(({ offset }) => offset)).toEqual(values.map(({ offset }) => offset).sort((a, b) => a - b))
      if (steps.every(({ order }) => order === 'input')) inOrder(out)
      if (steps.every(({ order }) => order !== 'none')) for (const key of new Set(keys)) inOrder(out.filter((one) => one.key === key))
    }),
    { numRuns: RUNS },
  )
})
