/** Bytes that no serde reads and values that none writes: the record's place and the bytes are told, and nothing else is lost. */
import { describe, expect, test } from 'vitest'
import { SerdeError, serdes, topic, type Serde, type Topology } from '../../src/index.ts'
import { built } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'
import { BAD, entryTexts, failsOnce, results, tellsWhere } from './scenario.ts'

const reading = <V>(value: Serde<V>): Topology =>
  built((builder) =>
    builder
      .stream(topic('entries', { key: serdes.string, value }), { name: 'in' })
      .mapValues((): Uint8Array => new Uint8Array(1), { value: serdes.bytes })
      .to(results),
  )
const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list)
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('B54: a value that isn’t what its serde reads', () => {
  test.each<[string, Serde<unknown>, Uint8Array | null, Uint8Array, string]>([
    ['no UTF-8', untyped(serdes.string), utf8('x'), bytes(0xc3, 0x28), '2 bytes are not'],
    ['half a character', untyped(serdes.string), utf8('x'), bytes(0xe2, 0x82), '(found e282)'],
    ['no JSON', untyped(serdes.json()), utf8('{}'), utf8('{"a":'), '(found 7b2261223a)'],
    ['a short long', untyped(serdes.long), new Uint8Array(8), bytes(1, 2, 3), '8 bytes'],
    ['an integer of 5 bytes', untyped(serdes.integer), new Uint8Array(4), new Uint8Array(5), '5 bytes are not'],
    ['a boolean of 2', untyped(serdes.boolean), bytes(1), bytes(2), '1 byte is not'],
    ['a list cut off', untyped(serdes.list(serdes.string)), serdes.list(serdes.string).serialize([]), bytes(0, 0), '2 bytes are not'],
    ['something in a topic of nothing', untyped(serdes.void), null, utf8('x'), '1 byte is not'],
  ])('%s', async (_what, serde, good, bad, says) => {
    const error = await failsOnce({ topology: reading(serde), good: () => good, bad })
    expect(error).toBeInstanceOf(SerdeError)
    expect(error).toMatchObject({ code: 'SERDE_DECODE', phase: 'deserialization', raw: { key: utf8('bad'), value: bad } })
    tellsWhere(error, 'in')
    expect(error.message).toContain(says)
  })

  test('a key as well', async () => {
    const raw = topic('entries', { key: serdes.bytes, value: serdes.bytes })
    const error = await failsOnce({
      topology: reading(serdes.string),
      bad: (broker) => broker.produce(raw, { key: bytes(0xff), value: utf8('bad'), partition: 0 }),
    })
    expect(error).toMatchObject({ code: 'SERDE_DECODE', context: { offset: BAD } })
    expect(error.message).toContain('(found ff)')
  })

  test('no more than 64 bytes are shown, and no text of the record', async () => {
    const error = await failsOnce({ topology: reading(serdes.integer), good: () => new Uint8Array(4), bad: utf8('secret '.repeat(1_000)) })
    expect(error.message).toContain('7000 bytes are not')
    expect(error.message).toContain('…')
    expect(error.message.length).toBeLessThan(400)
    expect(error.message).not.toContain('secret')
  })

  test('a serde of the user’s that throws is said to be the cause', async () => {
    const cause = new Error('version 7 is unknown')
    const own: Serde<string> = {
      serialize: () => new Uint8Array(0),
      deserialize: (found) => {
        if (found.length === 3) throw cause
        return 'fine'
      },
    }
    const error = await failsOnce({ topology: reading(own) })
    expect(error).toBeInstanceOf(SerdeError)
    expect(error.code).toBe('SERDE_DECODE')
    expect(error.message).toContain('version 7 is unknown')
    tellsWhere(error, 'in')
  })
})

/** Texts come in, and one of them becomes a value that the serde of the sink can't write. */
function writing(value: Serde<unknown>, good: unknown, bad: unknown): Topology {
  return built((builder) =>
    builder
      .stream(entryTexts)
      .mapValues((text): unknown => (text === 'bad' ? bad : good), { value })
      .to(topic('results', { key: serdes.string, value }), { name: 'out' }),
  )
}

function deep(levels: number): unknown {
  let value: unknown = 0
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

describe('a value that no serde writes', () => {
  test.each<[string, Serde<unknown>, unknown, unknown, string, string]>([
    ['B55: JSON 200,000 levels deep', untyped(serdes.json()), {}, deep(200_000), 'SERDE_ENCODE', "can't be written as JSON"],
    ['B56: NaN in strict JSON', untyped(serdes.json({ strict: true })), {}, { a: Number.NaN }, 'SERDE_LOSSY', '$.a is NaN'],
    ['B57: an integer beyond 2^53 in strict JSON', untyped(serdes.json({ strict: true })), {}, { n: 2 ** 53 }, 'SERDE_LOSSY', '$.n'],
    ['B59: an integer of 2^31', untyped(serdes.integer), 1, 2 ** 31, 'SERDE_ENCODE', '2147483648 is not'],
    ['B59: an integer with a fraction', untyped(serdes.integer), 1, 1.5, 'SERDE_ENCODE', '1.5 is not'],
    ['B59: an integer as text', untyped(serdes.integer), 1, '5', 'SERDE_ENCODE', "'5' is not"],
    ['B59: a long beyond 2^53', untyped(serdes.long), 1, 2 ** 53, 'SERDE_UNSAFE_INTEGER', 'bigint'],
    ['B61: a lone surrogate', untyped(serdes.string), 'x', 'a\ud800b', 'SERDE_ENCODE', 'surrogate'],
    ['B61: a number as text', untyped(serdes.string), 'x', 5, 'SERDE_ENCODE', '5 is not'],
    ['B60: text as bytes', untyped(serdes.bytes), bytes(1), 'text', 'SERDE_ENCODE', "'text' is not"],
  ])('%s', async (_what, serde, good, bad, code, says) => {
    const error = await failsOnce({ topology: writing(serde, good, bad) })
    expect(error).toBeInstanceOf(SerdeError)
    expect(error).toMatchObject({ code, phase: 'serialization', raw: { value: utf8('bad') } })
    tellsWhere(error, 'out')
    expect(error.message).toContain(says)
    expect(error.message).toContain('topic results')
  })

  test('a serde of the user’s that answers no bytes', async () => {
    const own: Serde<string> = { serialize: (text) => (text === 'bad' ? untyped('text') : utf8(text)), deserialize: () => '' }
    const error = await failsOnce({ topology: writing(untyped(own), 'good', 'bad') })
    expect(error.code).toBe('SERDE_ENCODE')
    expect(error.message).toContain('the value serde of topic results answered text instead of bytes')
  })
})

test('B55: JSON 200,000 levels deep is read, as others write it', async () => {
  const good = utf8('[]')
  const bad = utf8('['.repeat(200_000) + ']'.repeat(200_000))
  const values: number[] = []
  const topology = built((builder) =>
    builder
      .stream(topic('entries', { key: serdes.string, value: serdes.json<unknown[]>() }))
      .mapValues(
        (list, key): Uint8Array => {
          if (key === 'bad') throw new Error(`it was read: ${list.length}`)
          values.push(list.length)
          return new Uint8Array(1)
        },
        { value: serdes.bytes },
      )
      .to(results),
  )
  const error = await failsOnce({ topology, good: () => good, bad })
  expect(error.message).toContain('it was read: 1')
  expect(values.length).toBeGreaterThan(5)
})
