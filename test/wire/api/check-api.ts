/** Holds a hand-written codec against Kafka's definition of its message, in every version that we speak. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/bytes.ts'
import type { Api } from '../../../src/wire/api/api.ts'
import { failure } from '../reading.ts'
import { Schema, type Struct } from './schema-coder.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
/** Bytes in front of a message: a codec must begin where it is told. */
const FRONT = 5

/** What our values are in the words of Kafka's definition. */
export interface InKafkasWords<Q, R> {
  readonly request: fc.Arbitrary<Q>
  /** The fields that a request has; those left out are at their defaults. */
  asked(request: Q, version: number): Struct
  /** What we make of a response. */
  answered(response: never, version: number): R
  /** False for a response that Kafka's definition allows and no broker sends. */
  possible?(response: never): boolean
  /** Versions in between that are never spoken. */
  readonly skipped?: readonly number[]
}

/** Registers the properties of a codec. */
export function checkApi<Q, R>(api: Api<Q, R>, words: InKafkasWords<Q, R>): void {
  const versions = Array.from({ length: api.max - api.min + 1 }, (_, i) => api.min + i).filter(
    (version) => words.skipped?.includes(version) !== true,
  )
  describe.each(versions)(`${api.name} v%i`, (version) => {
    checkRequest(api, version, words)
    checkResponse(api, version, words)
  })
}

function checkRequest<Q, R>(api: Api<Q, R>, version: number, words: InKafkasWords<Q, R>): void {
  const schema = new Schema(`${api.name}Request`, version)

  it('every-api-every-version-roundtrips: has Kafka’s number, and each request says to Kafka what is meant', () => {
    expect(schema.apiKey).toBe(api.key)
    fc.assert(
      fc.property(words.request, (value) => {
        const bytes = concatBytes(...api.encode(value, version))
        expect(schema.decode(bytes)).toEqual(schema.complete(words.asked(value, version)))
      }),
      { numRuns },
    )
  })
}

function checkResponse<Q, R>(api: Api<Q, R>, version: number, words: InKafkasWords<Q, R>): void {
  const schema = new Schema(`${api.name}Response`, version)
  const response = schema.any().filter((value) => words.possible?.(value as never) ?? true)
  const decode = (bytes: Uint8Array): R => api.decode(concatBytes(new Uint8Array(FRONT), bytes), FRONT, version)

  it('every-api-every-version-roundtrips, unknown-tags-are-skipped: reads each response as Kafka means it, and passes over tagged fields that it doesn’t know', () => {
    fc.assert(
      fc.property(response, fc.boolean(), (value, unknownTags) => {
        expect(decode(schema.encode(value, { unknownTags }))).toEqual(words.answered(value as never, version))
      }),
      { numRuns },
    )
  })

  it('truncated-frame-throws: at a response that ends early', () => {
    fc.assert(
      fc.property(response, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (value, part) => {
        const bytes = schema.encode(value)
        expect(failure(() => decode(bytes.subarray(0, Math.floor(part * bytes.length))))).toMatchObject({ code: 'RECORD_CORRUPT' })
      }),
      { numRuns },
    )
  })

  it('huge-length-throws-before-alloc: at a length or count that the response cannot have, before memory is taken for it', () => {
    fc.assert(
      fc.property(response, fc.nat(), (value, number) => {
        const lengths = schema.lengths(value)
        if (lengths === 0) return
        const bytes = schema.encode(value, { hugeLength: number % lengths })
        expect(failure(() => decode(bytes))).toMatchObject({ code: 'RECORD_CORRUPT' })
      }),
      { numRuns },
    )
  })
}

/** Any name. */
export const text: fc.Arbitrary<string> = fc.string({ unit: 'binary', maxLength: 20 })
/** Any name, or none. */
export const maybeText: fc.Arbitrary<string | null> = fc.option(text)
/** Any bytes. */
export const blob: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 40 })
/** Any 32-bit number. */
export const int32: fc.Arbitrary<number> = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
/** Any 16-bit number. */
export const int16: fc.Arbitrary<number> = fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 })
/** Any 64-bit number that a number can be. */
export const int64: fc.Arbitrary<number> = fc.maxSafeInteger()
/** A few of something. */
export const few = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { maxLength: 3 })
/** A few topics, each with a few partitions. */
export const topicsOf = <P>(partition: fc.Arbitrary<P>): fc.Arbitrary<{ topic: string; partitions: P[] }[]> =>
  few(fc.record({ topic: text, partitions: few(partition) }))
