import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Windowed } from '../../src/model/window.ts'
import { goOnInSilence, keepStepTime, newStepTime } from '../../src/operators/step-time.ts'
import type { AnyWindows } from '../../src/operators/window-placement.ts'
import { windowedAggregate } from '../../src/operators/windowed-aggregate.ts'
import type { Change, Operator, Silence } from '../../src/topology/operator.ts'
import { anyWindows, storeOf } from '../support/any-windows.ts'
import { harness, type HarnessOptions } from '../support/operator-harness.ts'
import { stateful, type Stateful } from '../support/operator-state.ts'

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }

/** A step that answers its time whenever it may have gone on, and what was told besides. */
function ticking(options: HarnessOptions & { readonly idleMs?: number } = {}) {
  const time = newStepTime()
  const other = newStepTime()
  const resumed: number[] = []
  const operator: Operator<string, number, string, number> = {
    role: 'STEP-',
    traits: {},
    stores: [],
    start: (next, context) => {
      keepStepTime(time, context, [time, other], (ms) => resumed.push(ms))
      const goOn = (record: Parameters<typeof next>[2]): void | Promise<void> => next('now', time.observed, record)
      goOnInSilence({ idleMs: options.idleMs ?? 100, times: [time, other], goOn }, context)
      return (_key, value, record) => {
        if (record.timestamp > time.observed) time.observed = record.timestamp
        if (value > other.observed) other.observed = value
      }
    },
  }
  const running = harness(operator, options)
  const tick = async (): Promise<number[]> => {
    running.now += 1_000
    await running.punctuate()
    return running.take().map(({ value }) => value)
  }
  return { running, time, other, resumed, tick }
}

describe('a step’s time', () => {
  test('goes on from where it was when the silence began, once that is long enough', async () => {
    let silence: Silence | undefined
    const { running, tick } = ticking({ silence: () => silence })
    expect(await tick()).toEqual([])
    await running.send({ key: 'a', value: 0, timestamp: 50 })
    silence = { since: 7, lastsMs: 99 }
    expect(await tick()).toEqual([])
    for (const lastsMs of [100, 140, 1_000]) {
      silence = { since: 7, lastsMs }
      expect(await tick()).toEqual([50 + lastsMs])
    }
    silence = undefined
    expect(await tick()).toEqual([])
  })

  test('goes on from where it got to, or from a later record, when a silence ends', async () => {
    let silence: Silence = { since: 7, lastsMs: 100 }
    const { running, tick } = ticking({ silence: () => silence })
    await running.send({ key: 'a', value: 0, timestamp: 50 })
    expect(await tick()).toEqual([150])
    await running.send({ key: 'a', value: 0, timestamp: 60 })
    silence = { since: 8, lastsMs: 100 }
    expect(await tick()).toEqual([250])
    await running.send({ key: 'a', value: 0, timestamp: 1_000 })
    // The same silence, as far as the clock tells.
    expect(await tick()).toEqual([1_100])
  })

  test('is none before a record has come, however long the silence', async () => {
    expect(await ticking({ silence: () => ({ since: 0, lastsMs: 1_000_000 }) }).tick()).toEqual([])
  })

  test('takes others with it, each from where it is, and twice is as once', async () => {
    let lastsMs = 100
    const { running, time, other, tick } = ticking({ silence: () => ({ since: 7, lastsMs }) })
    await running.send({ key: 'a', value: 70, timestamp: 50 })
    for (lastsMs of [100, 100, 130]) await tick()
    expect([time.observed, other.observed]).toEqual([180, 200])
  })

  test('is kept, and taken over by all before the first record', async () => {
    const { running, time, other, resumed } = ticking({ times: new Map([['step/time', 40]]) })
    expect([time.observed, other.observed, resumed]).toEqual([40, 40, [40]])
    await running.send({ key: 'a', value: 0, timestamp: 90 })
    expect(running.kept.get('step/time')?.()).toBe(90)
  })

  test('is looked at as often as windows are, or as the silence is long', async () => {
    const { running } = ticking({ idleMs: 300, scanIntervalMs: 1_000, silence: () => ({ since: 0, lastsMs: 500 }) })
    await running.send({ key: 'a', value: 0, timestamp: 1 })
    for (const [now, expected] of [
      [299, 0],
      [300, 1],
      [599, 0],
      [600, 1],
    ] as const) {
      // prettier-ignore
      running.now = now
      await running.punctuate()
      expect(running.take()).toHaveLength(expected)
    }
  })
})

type Started = Stateful<string, number, Windowed<string>, Change<string>>

function started(windows: AnyWindows, silence: () => Silence | undefined): Started {
  const store = storeOf(windows)
  const fold = {
    initial: () => '',
    add: (text: string, value: number) => `${text}+${value}`,
    merge: (left: string, right: string) => left + right,
  }
  const operator = windowedAggregate<string, number, string>({
    ...fold,
    windows,
    store,
    role: 'KSTREAM-AGGREGATE-',
    emit: 'on-window-close',
    idleMs: 1,
  })
  return stateful(operator, { silence })
}

const events = fc.array(fc.record({ key: fc.constantFrom('a', 'b'), value: fc.nat(9), timestamp: fc.nat(60) }), {
  minLength: 1,
  maxLength: 20,
})

test('silence closes what a record of that time would, and refuses what would come too late behind it', () =>
  fc.assert(
    fc.asyncProperty(events, events, anyWindows, fc.integer({ min: 1, max: 80 }), async (before, after, windows, lastsMs) => {
      let silence: Silence | undefined
      const [silent, woken] = [started(windows, () => silence), started(windows, () => undefined)]
      for (const step of [silent, woken]) for (const record of before) await step.running.send(record)
      const time = Math.max(...before.map(({ timestamp }) => timestamp)) + lastsMs
      silence = { since: 0, lastsMs }
      silent.running.now = 1
      await silent.running.punctuate()
      silence = undefined
      await woken.running.send({ key: 'alarm', value: 0, timestamp: time })
      for (const step of [silent, woken]) for (const record of after) await step.running.send(record)
      const told = (step: Started): string[] =>
        step.running
          .take()
          .filter(({ key }) => key.key !== 'alarm')
          .map(({ key: { key, window }, value }) => `${key}@${window.start}-${window.end}=${value.value}`)
      expect(told(silent)).toEqual(told(woken))
      expect(silent.running.dropped).toEqual(woken.running.dropped)
    }),
    runs,
  ))
