/** Steps that fail: each error names the step and the record, and no other record pays for it. */
import { describe, expect, test } from 'vitest'
import { ProcessingError, serdes, type KStream, type Topology } from '../../src/index.ts'
import { built } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'
import { entryTexts, failsOnce, isUsersFirst, resultTexts, tellsWhere } from './scenario.ts'

const text = { name: 'mine', value: serdes.string }

function through(step: (stream: KStream<string, string>) => KStream<string, string>): Topology {
  return built((builder) => step(builder.stream(entryTexts)).to(resultTexts))
}

describe('B39: a function that answers what can’t be', () => {
  test.each<[string, (value: string) => unknown, string]>([
    ['undefined', () => undefined, 'it answered undefined'],
    ['a promise', (value) => Promise.resolve(value), 'mapValuesAsync'],
  ])('a value of %s', async (_what, wrong, says) => {
    const error = await failsOnce({
      topology: through((stream) => stream.mapValues((value): string => untyped(value === 'bad' ? wrong(value) : value), text)),
    })
    expect(error).toBeInstanceOf(ProcessingError)
    expect(error.code).toBe('PROCESSOR_RESULT')
    tellsWhere(error, 'mine')
    expect(error.message).toContain(says)
  })
})

describe('B41: a step that', () => {
  test.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('out of stock')
      },
      'out of stock',
    ],
    [
      'throws null',
      () => {
        throw untyped(null)
      },
      'threw null',
    ],
    [
      'throws a text',
      () => {
        throw untyped('no luck')
      },
      "threw the string 'no luck'",
    ],
  ])('%s', async (_what, fail, says) => {
    const error = await failsOnce({
      topology: through((stream) =>
        stream.peek(
          (value) => {
            if (value === 'bad') fail()
          },
          { name: 'mine' },
        ),
      ),
    })
    expect(error).toMatchObject({ code: 'PROCESSING_ERROR', phase: 'processing', raw: { value: new TextEncoder().encode('bad') } })
    expect(error).toBeInstanceOf(ProcessingError)
    tellsWhere(error, 'mine')
    expect(error.message).toContain(says)
    if (says === 'out of stock') expect(isUsersFirst(error)).toBe(true)
  })
})
