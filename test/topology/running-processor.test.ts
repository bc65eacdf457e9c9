import { describe, expect, test } from 'vitest'
import { ProcessingError } from '../../src/base/errors.ts'
import { noHeaders } from '../../src/model/headers.ts'
import { StreamRecord } from '../../src/model/record.ts'
import { h, running, tick, type Context, type Handler } from '../support/running-processor.ts'
import { untyped } from '../support/untyped.ts'

describe('B43: forward', () => {
  test('after process has returned is an error, for the record in hand of that time is gone', async () => {
    let late: unknown
    const step = running((context, record) => {
      setImmediate(() => {
        try {
          void context.forward(record)
        } catch (error) {
          late = error
        }
      })
    })
    await step.send({ key: 'k', value: 1 })
    await tick()
    expect(late).toBeInstanceOf(ProcessingError)
    expect(late).toMatchObject({ code: 'CONTEXT_CLOSED', context: { node: 'step' } })
    expect(step.outputs).toEqual([])
  })

  test('works until the promise of process has settled, and not after', async () => {
    const contexts: Context[] = []
    const step = running(async (context, record) => {
      contexts.push(context)
      await tick()
      await context.forward(record.withTimestamp(9))
    })
    const waiting = step.send({ key: 'k', value: 1, timestamp: 4 })
    expect(step.outputs).toEqual([])
    await waiting
    expect(step.outputs).toMatchObject([{ key: 'k', timestamp: 9, topic: 'in', offset: 0 }])
    expect(() => contexts[0]!.forward(new StreamRecord('k', 1, 0))).toThrow(expect.objectContaining({ code: 'CONTEXT_CLOSED' }))
  })

  test('in a context that failed is closed too', async () => {
    const contexts: Context[] = []
    const step = running(async (context) => {
      contexts.push(context)
      await tick()
      throw new Error('user code')
    })
    await expect(step.send({ key: 'k', value: 1 })).rejects.toThrow('user code')
    expect(() => contexts[0]!.forward(new StreamRecord('k', 1, 0))).toThrow(/before the promise it answers has settled/)
    const sync = running((context) => {
      contexts.push(context)
      throw new Error('at once')
    })
    expect(() => sync.send({ key: 'k', value: 1 })).toThrow('at once')
    expect(() => contexts[1]!.forward(new StreamRecord('k', 1, 0))).toThrow(expect.objectContaining({ code: 'CONTEXT_CLOSED' }))
  })
})

describe('what waits below', () => {
  test('holds later forwards back, in order, and the record is done when they are', async () => {
    const settle: (() => void)[] = []
    const step = running(
      (context, record) => {
        void context.forward(record.withValue('a'))
        void context.forward(record.withValue('b').withTimestamp(2))
      },
      { below: (_key, value) => (value === 'a' ? new Promise((done) => settle.push(done)) : undefined) },
    )
    const waiting = step.send({ key: 'k', value: 1, timestamp: 1 })
    await tick()
    expect(step.outputs.map(({ value }) => value)).toEqual(['a'])
    settle[0]!()
    await waiting
    expect(step.outputs.map(({ value, timestamp }) => [value, timestamp])).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    expect(step.record.timestamp).toBe(1)
  })

  test('is waited for although user code neither awaits it nor goes well itself', async () => {
    let done = false
    const step = running(
      (context, record) => {
        void context.forward(record)
        throw new Error('user code')
      },
      {
        below: async () => {
          await tick()
          done = true
        },
      },
    )
    await expect(Promise.resolve(step.send({ key: 'k', value: 1 }))).rejects.toThrow('user code')
    expect(done).toBe(true)
  })
})

describe('what fails below', () => {
  test('fails the record, also where user code catches it', async () => {
    const below = (): never => {
      throw new Error('below')
    }
    const swallow: Handler = (context, record) => {
      try {
        void context.forward(record)
      } catch {
        // as user code may
      }
    }
    expect(() => running(swallow, { below }).send({ key: 'k', value: 1 })).toThrow('below')
    const later = async (): Promise<void> => {
      await tick()
      throw new Error('below later')
    }
    const step = running((context, record) => void Promise.resolve(context.forward(record)).catch(() => undefined), { below: later })
    await expect(step.send({ key: 'k', value: 1 })).rejects.toThrow('below later')
    const second = running(
      (context, record) => {
        void context.forward(record.withValue(1))
        void Promise.resolve(context.forward(record.withValue(2))).catch(() => undefined)
      },
      { below: later },
    )
    await expect(second.send({ key: 'k', value: 1 })).rejects.toThrow('below later')
    expect(second.outputs.map(({ value }) => value)).toEqual([1])
  })

  test('puts time and headers back when it throws', () => {
    const step = running((context, record) => context.forward(record.withTimestamp(99).withHeaders(h('x'))), {
      below: () => {
        throw new Error('below')
      },
    })
    expect(() => step.send({ key: 'k', value: 1, timestamp: 4 })).toThrow('below')
    expect([step.record.timestamp, step.record.headers]).toEqual([4, noHeaders])
  })

  test('is over with its record', async () => {
    let fails = true
    const step = running((context, record) => context.forward(record), {
      below: () => {
        if (fails) throw new Error('below')
      },
    })
    expect(() => step.send({ key: 'k', value: 1 })).toThrow('below')
    fails = false
    expect(step.send({ key: 'k', value: 2 })).toBeUndefined()
    expect(step.outputs.map(({ value }) => value)).toEqual([1, 2])
  })
})

describe('what process answers', () => {
  test('that is no promise is nobody’s business, and costs no wait', () => {
    for (const answer of [1, 'x', {}, null]) expect(running(untyped(() => answer)).send({ key: 'k', value: 1 })).toBeUndefined()
  })
  test('that can only be awaited is awaited', async () => {
    let ran = false
    const lazy = {
      // oxlint-disable-next-line unicorn/no-thenable -- what query builders answer
      then: (done: () => void) => {
        ran = true
        done()
      },
    }
    await running(untyped(() => lazy)).send({ key: 'k', value: 1 })
    expect(ran).toBe(true)
  })
})
