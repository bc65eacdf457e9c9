import { describe, expect, test } from 'vitest'
import { ConfigError, ProcessingError, SerdeError, TopologyError } from '../../src/base/errors.ts'
import { noHeaders } from '../../src/model/headers.ts'
import { StreamRecord } from '../../src/model/record.ts'
import { serdes } from '../../src/model/serdes.ts'
import { process, processValues } from '../../src/operators/process.ts'
import type { Processor, ProcessorContext } from '../../src/topology/processor.ts'
import { keyValueStore } from '../../src/state/stores.ts'
import { harness, type OperatorHarness } from '../support/operator-harness.ts'
import { stateful } from '../support/operator-state.ts'
import { h, running, tick, type Context } from '../support/running-processor.ts'

describe('records', () => {
  test('are handed over as they came, nulls included, and may be kept', async () => {
    const kept: StreamRecord<string | null, unknown>[] = []
    const step = running((_context, record) => {
      kept.push(record)
    })
    await step.send({ key: 'a', value: 1, timestamp: 5, headers: h('x') })
    await step.send({ key: null, value: null, timestamp: 3 })
    expect(kept).toEqual([new StreamRecord('a', 1, 5, h('x')), new StreamRecord(null, null, 3, noHeaders)])
    expect(step.dropped.size).toBe(0)
  })

  test('are forwarded with their own key, value, time and headers, and the place of the record in hand', async () => {
    const step = running((context, record) => {
      void context.forward(record.withTimestamp(record.timestamp + 100).withValue('a'))
      void context.forward(new StreamRecord(null, null, 0))
      void context.forward(record.withKey('x').withHeaders(h('n')))
    })
    await step.send({ key: 'k', value: 'v', timestamp: 7, headers: h('m') })
    expect(step.take()).toEqual([
      { child: 'below', key: 'k', value: 'a', timestamp: 107, headers: h('m'), topic: 'in', offset: 0 },
      { child: 'below', key: null, value: null, timestamp: 0, headers: noHeaders, topic: 'in', offset: 0 },
      { child: 'below', key: 'x', value: 'v', timestamp: 7, headers: h('n'), topic: 'in', offset: 0 },
    ])
    expect([step.record.timestamp, step.record.headers]).toEqual([7, h('m')])
  })

  test('go to all children in order, or to the one that is named', async () => {
    const step = running((context, record) => context.forward(record, record.value === 'all' ? undefined : String(record.value)), {
      children: ['even', 'odd'],
    })
    for (const value of ['all', 'odd', 'even']) await step.send({ key: 'k', value })
    expect(step.outputs.map(({ child }) => child)).toEqual(['even', 'odd', 'odd', 'even'])
  })

  test('B44: to an unknown child is an error that lists the known ones', () => {
    const step = running((context, record) => context.forward(record, 'nobody'), { children: ['even', 'odd'] })
    const failing = (): unknown => step.send({ key: 'k', value: 1 })
    expect(failing).toThrow(ProcessingError)
    expect(failing).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_CHILD', message: expect.stringMatching(/step step forwards to nobody.*even, odd/) }),
    )
  })

  test('with a negative time can’t be made', () => {
    const step = running((context, record) => context.forward(record.withTimestamp(-1)))
    expect(() => step.send({ key: 'k', value: 1 })).toThrow(SerdeError)
    expect(step.outputs).toEqual([])
  })
})

describe('the context', () => {
  test('tells where the record comes from and what time it is', async () => {
    const seen: unknown[] = []
    const step = running((context, { timestamp }) => {
      const { metadata, headers, taskId, applicationId } = context
      seen.push([metadata, headers, taskId, applicationId, context.streamTime(), context.now(), timestamp])
    })
    await step.send({ key: 'k', value: 1, timestamp: 8, headers: h('x'), topic: 'a' })
    step.now = 50
    await step.send({ key: 'k', value: 1, timestamp: 3, topic: 'b' })
    expect(seen).toEqual([
      [{ topic: 'a', partition: 0, offset: 0 }, h('x'), '0_0', 'test', 8, 0, 8],
      [{ topic: 'b', partition: 0, offset: 1 }, noHeaders, '0_0', 'test', 8, 50, 3],
    ])
  })

  test('keeps the headers of the record in hand while another one is under way below', async () => {
    const seen: unknown[] = []
    const step = running(
      (context, record) => {
        void context.forward(record.withHeaders(h('other')))
        seen.push(context.headers)
      },
      { below: tick },
    )
    await step.send({ key: 'k', value: 1, headers: h('own') })
    expect(seen).toEqual([h('own')])
  })

  test('asks for a commit', async () => {
    const step = running((context, { value }) => (value === 'commit' ? context.commit() : undefined))
    await step.send({ key: 'k', value: 'go on' })
    expect(step.commitRequested).toBe(false)
    await step.send({ key: 'k', value: 'commit' })
    expect(step.commitRequested).toBe(true)
  })

  test('refuses a store that isn’t connected', () => {
    const step = running((context) => void context.store({ kind: 'keyValue', name: 'counts' }))
    expect(() => step.send({ key: 'k', value: 1 })).toThrow(
      expect.objectContaining({ code: 'STORE_NOT_CONNECTED', message: expect.stringMatching(/store counts.*not connected/) }),
    )
  })
})

describe('stores', () => {
  const counts = keyValueStore('counts', { key: serdes.string, value: serdes.long })
  const counting = (): Processor<string, number, string, number> => {
    let context: ProcessorContext<string, number>
    return {
      init: (given) => {
        context = given
        context.schedule({ every: 10, by: 'wall-clock' }, async (time) => {
          for await (const [key, count] of context.store(counts).range()) await context.forward(new StreamRecord(key, -count, time))
        })
      },
      process: async (record) => {
        const store = context.store(counts)
        const count = ((await store.get(record.key)) ?? 0) + record.value
        store.put(record.key, count)
        await context.forward(record.withValue(count))
      },
    }
  }

  test.each([true, false])('are there in process and in punctuations, whether reads wait (%s) or not', async (slow) => {
    const { running: step, commit } = stateful(process(counting, [counts]), { slow, cacheBytes: 0 })
    for (const [key, value] of [
      ['b', 1],
      ['a', 2],
      ['b', 3],
    ] as const) {
      await step.send({ key, value, timestamp: value })
      await commit()
    }
    step.now = 10
    await step.punctuate()
    expect(step.outputs.map(({ key, value, timestamp }) => [key, value, timestamp])).toEqual([
      ['b', 1, 1],
      ['a', 2, 2],
      ['b', 4, 3],
      ['a', -2, 10],
      ['b', -4, 10],
    ])
  })
})

describe('punctuations', () => {
  test('have no place, no headers, and forward records with the time those have', async () => {
    const seen: unknown[] = []
    const step = running(() => undefined, {
      init: (context) => {
        context.schedule({ every: 10, by: 'stream-time' }, (time) => {
          seen.push([time, context.metadata, context.headers])
          void context.forward(new StreamRecord('p', time, 3, h('p')))
        })
      },
    })
    for (const timestamp of [3, 9, 12, 45]) {
      await step.send({ key: 'k', value: 1, timestamp, headers: h('x') })
      await step.punctuate()
    }
    // U2: the first record fires it, skipped intervals collapse.
    expect(seen).toEqual([3, 12, 45].map((time) => [time, undefined, noHeaders]))
    expect(step.outputs).toEqual(
      [3, 12, 45].map((time) => ({ child: 'below', key: 'p', value: time, timestamp: 3, headers: h('p'), topic: '', offset: -1 })),
    )
  })

  test('can be cancelled inside, and started again', async () => {
    const seen: string[] = []
    const step = running(() => undefined, {
      init: (context) => {
        let runs = 0
        const first = context.schedule({ every: 10, by: 'wall-clock' }, (time) => {
          seen.push(`p${time}`)
          if (++runs < 2) return
          first.cancel()
          context.schedule({ every: 15, by: 'wall-clock' }, (at) => void seen.push(`q${at}`))
        })
      },
    })
    for (const now of [10, 20, 30, 35, 50]) {
      step.now = now
      await step.punctuate()
    }
    expect(seen).toEqual(['p10', 'p20', 'q35', 'q50'])
  })

  test('may wait, and what they forward counts as theirs', async () => {
    const contexts: Context[] = []
    const step = running(() => undefined, {
      init: (context) => {
        contexts.push(context)
        context.schedule({ every: 10, by: 'wall-clock' }, async (time) => {
          await tick()
          await context.forward(new StreamRecord('p', time, 0))
        })
      },
      below: tick,
    })
    step.now = 10
    await step.punctuate()
    expect(step.outputs.map(({ value }) => value)).toEqual([10])
    expect(() => contexts[0]!.forward(new StreamRecord('p', 1, 0))).toThrow(expect.objectContaining({ code: 'CONTEXT_CLOSED' }))
  })
})

describe('B45: a punctuation', () => {
  test.each([0, -1, 0.5, Number.NaN])('every %s ms is an error that names the step', (every) => {
    const starting = (): unknown =>
      running(() => undefined, { init: (context) => void context.schedule({ every, by: 'wall-clock' }, () => undefined) })
    expect(starting).toThrow(ConfigError)
    expect(starting).toThrow(expect.objectContaining({ code: 'CONFIG_RANGE', context: { node: 'step' } }))
  })

  test('what throws inside is the caller’s to report', async () => {
    const step = running(() => undefined, {
      init: (context) =>
        void context.schedule({ every: 1, by: 'wall-clock' }, () => {
          throw new Error('user code')
        }),
    })
    step.now = 1
    await expect(step.punctuate()).rejects.toThrow('user code')
  })
})

describe('init and close', () => {
  test('records and punctuations wait for an init that waits', async () => {
    const seen: string[] = []
    const step = running((_context, { value }) => void seen.push(String(value)), {
      init: async (context) => {
        context.schedule({ every: 1, by: 'wall-clock' }, () => void seen.push('tick'))
        await tick()
        seen.push('init')
      },
    })
    const first = step.send({ key: 'k', value: 'first' })
    step.now = 1
    const punctuated = step.punctuate()
    expect(seen).toEqual([])
    await first
    await punctuated
    expect(seen).toEqual(['init', 'first', 'tick'])
    expect(step.send({ key: 'k', value: 'second' })).toBeUndefined()
  })

  test('an init that fails fails the start, or each record if it failed later', async () => {
    const failing = (): never => {
      throw new Error('no start')
    }
    expect(() => running(() => undefined, { init: failing })).toThrow('no start')
    const step = running(() => undefined, { init: async () => failing() })
    await tick()
    await expect(step.send({ key: 'k', value: 1 })).rejects.toThrow('no start')
    await expect(step.send({ key: 'k', value: 2 })).rejects.toThrow('no start')
  })

  test('each task has a processor of its own, closed with it', () => {
    const made: string[] = []
    const closed: string[] = []
    const operator = process(() => {
      const name = `p${made.length}`
      made.push(name)
      return { process: () => undefined, close: () => void closed.push(name) }
    }, [])
    const steps = [harness(operator), harness(operator)]
    for (const step of steps) step.close()
    expect(closed).toEqual(made.slice(2))
    expect(closed).toHaveLength(2)
  })

  test('M5: a supplier that answers the same processor twice is an error', () => {
    const one: Processor<string, number, string, number> = { process: () => undefined }
    for (const make of [() => process(() => one, []), () => processValues(() => one, [])]) {
      expect(make).toThrow(TopologyError)
      expect(make).toThrow(/must make a new processor at each call/)
    }
  })
})

describe('processValues', () => {
  const keeping = (key: unknown): OperatorHarness<unknown, unknown, unknown, unknown> =>
    harness(
      processValues<unknown, unknown, unknown>(() => {
        let forward: (record: StreamRecord<unknown, unknown>) => unknown = () => undefined
        return {
          init: (context) => {
            forward = (record) => context.forward(record)
            context.schedule({ every: 1, by: 'wall-clock' }, (time) => void forward(new StreamRecord('any', time, 0)))
          },
          process: ({ value, timestamp }) => void forward(new StreamRecord(key, value, timestamp)),
        }
      }, []),
    )

  test('refuses another key than that of the record in hand, which would lie in the wrong partition', async () => {
    const step = keeping('a')
    await step.send({ key: 'a', value: 1 })
    expect(() => step.send({ key: 'b', value: 2 })).toThrow(
      expect.objectContaining({ code: 'PROCESSOR_RESULT', message: expect.stringMatching(/use process\(\) to change keys/) }),
    )
    expect(step.outputs.map(({ value }) => value)).toEqual([1])
  })

  test('lets a punctuation forward any key, and never changes what passes repartition by', async () => {
    const step = keeping('a')
    await step.send({ key: 'a', value: 1 })
    step.now = 1
    await step.punctuate()
    expect(step.outputs.map(({ key }) => key)).toEqual(['a', 'any'])
    const operators = [process(() => ({ process: () => undefined }), []), processValues(() => ({ process: () => undefined }), [])]
    expect(operators.map(({ role, traits }) => [role, traits.changesKey ?? false])).toEqual([
      ['KSTREAM-PROCESSOR-', true],
      ['KSTREAM-PROCESSVALUES-', false],
    ])
  })
})
