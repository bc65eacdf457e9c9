import { join } from 'node:path'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import type { Serde } from '../../src/model/serde.ts'
import { serdes } from '../../src/model/serdes.ts'
import { readTrace } from '../conformance/trace.ts'

const text = new TextEncoder()

/** What the recorded topology wrote to each topic for an input value: its digits as a number, the rest as a word. */
const written: Readonly<Record<string, (n: number, word: string, value: string) => Uint8Array>> = {
  'out-short': (n) => serdes.short.serialize(n),
  'out-int': (n) => serdes.integer.serialize(0 - n),
  'out-long': (n) => serdes.long.serialize(n * 2 ** 40 + n),
  'out-float': (n) => serdes.float.serialize(n / 8),
  'out-double': (n) => serdes.double.serialize(-n / 3),
  'out-boolean': (n) => serdes.boolean.serialize(n % 2 === 0),
  'out-bytes': (_n, word) => serdes.bytes.serialize(text.encode(word)),
  'out-uuid': (n) => serdes.uuid.serialize(javaUuid(n)),
  'out-list': (_n, word, value) => serdes.list(serdes.string).serialize([word, null, value]),
}

describe('the built-in serdes', () => {
  it('write what Java’s wrote in the recorded topology', () => {
    let compared = 0
    const { traces } = readTrace(join(import.meta.dirname, '../conformance/traces'), 'serdes')
    for (const { value, outputs = [] } of traces.flatMap(({ steps }) => steps)) {
      for (const output of outputs) {
        const serialize = written[output.topic]
        if (serialize === undefined || value === null || value === undefined) {
          expect(output.value).toBeNull()
          continue
        }
        const n = Number(value.replaceAll(/\D/g, ''))
        expect(`${output.topic} ${toHex(serialize(n, value.replaceAll(/\d/g, ''), value))}`).toBe(`${output.topic} ${output.value}`)
        compared++
      }
    }
    expect(compared).toBeGreaterThan(800)
  })

  it('are known by the names users know them by', () => {
    expect(Object.keys(serdes).toSorted()).toEqual(
      'bigint boolean bytes double float integer json list long sessionWindowed short string stringLossy timeWindowed uuid void'.split(' '),
    )
    expectTypeOf(serdes.list(serdes.long)).toEqualTypeOf<Serde<(number | null)[]>>()
    expectTypeOf(serdes.void).toEqualTypeOf<Serde<never>>()
  })

  it('say which have a fixed size, as Java’s lists have it', () => {
    const sized = Object.entries(serdes).flatMap(([name, serde]) => ('fixedBytes' in serde ? [`${name} ${serde.fixedBytes}`] : []))
    expect(sized.toSorted()).toEqual(['bigint 8', 'double 8', 'float 4', 'integer 4', 'long 8', 'short 2', 'uuid 36'])
  })

  it('say which have one form of bytes for a value', () => {
    const canonical = Object.entries(serdes).flatMap(([name, serde]) => ('canonical' in serde && serde.canonical === true ? [name] : []))
    expect(canonical.toSorted()).toEqual(['bigint', 'boolean', 'integer', 'long', 'short', 'string'])
  })

  it('keep nothing of the bytes they read, but those that say so', () => {
    const borrows = Object.entries(serdes).flatMap(([name, serde]) => ('borrows' in serde && serde.borrows === true ? [name] : []))
    expect(borrows).toEqual(['bytes'])
    const bytes = fromHex('5b226162225d')
    const read = serdes.json<string[]>().deserialize(bytes)
    bytes.fill(0)
    expect(read).toEqual(['ab'])
  })
})

/** Java's `new UUID(n, ~n)` as text. */
function javaUuid(n: number): string {
  const half = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0')
  const [most, least] = [half(BigInt(n)), half(~BigInt(n))]
  return `${most.slice(0, 8)}-${most.slice(8, 12)}-${most.slice(12)}-${least.slice(0, 4)}-${least.slice(4)}`
}
