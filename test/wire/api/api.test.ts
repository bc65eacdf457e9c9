import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/bytes.ts'
import { api, isolationLevel, readTopics, writeTopicNumbers, writeTopics, type Api, type TopicOf } from '../../../src/wire/api/api.ts'
import { Reader, Writer } from '../../../src/wire/primitives.ts'
import { failure } from '../reading.ts'

const ECHO: Api<string, string> = api(99, 'Echo', [1, 2], {
  write(w, text, version) {
    w.string(text).int8(version)
  },
  read(r, version) {
    return `${r.string()} ${r.int8()} ${version}`
  },
})

it('ends a request with its tags, and reads an answer from where it begins to its tags', () => {
  const body = concatBytes(...ECHO.encode('hi', 2))
  expect([...body]).toEqual([3, 104, 105, 2, 0])
  expect(ECHO.decode(concatBytes(Uint8Array.of(7, 7), body), 2, 1)).toBe('hi 2 1')
})

it('throws at an answer that goes on behind its end', () => {
  expect(failure(() => ECHO.decode(Uint8Array.of(3, 104, 105, 2, 0, 9), 0, 2))).toEqual({
    code: 'RECORD_CORRUPT',
    message: 'an answer to Echo v2 has 1 bytes too many',
  })
})

it('writes and reads topics with their partitions', () => {
  const topics: TopicOf<number>[] = [
    { topic: 'orders', partitions: [0, 3] },
    { topic: 'payments', partitions: [] },
  ]
  const written = new Writer()
  writeTopics(written, topics, (partition) => {
    written.int32(partition)
  })
  const reader = new Reader(concatBytes(...written.finish()))
  expect(readTopics(reader, () => reader.int32())).toEqual(topics)
  expect(reader.left).toBe(0)
})

it('writes the numbers of partitions without a struct around each', () => {
  const written = new Writer()
  writeTopicNumbers(written, [{ topic: 'a', partitions: [1] }])
  expect([...concatBytes(...written.finish())]).toEqual([2, 2, 97, 2, 0, 0, 0, 1, 0])
})

it('numbers isolation levels as Kafka does', () => {
  expect([isolationLevel('read_uncommitted'), isolationLevel('read_committed')]).toEqual([0, 1])
})

it('every-api-every-version-roundtrips: each request that there is has been held against Kafka’s definition', () => {
  const namesIn = (folder: string, pattern: RegExp): string[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [...readFileSync(join(folder, name), 'utf8').matchAll(pattern)].map((match) => match[1]!))
  const there = namesIn(join(import.meta.dirname, '../../../src/wire/api'), /^export const ([A-Z_]+): Api</gm)
  expect(there.length).toBeGreaterThan(25)
  const checked = new Set(namesIn(import.meta.dirname, /^checkApi\(([A-Z_]+),/gm))
  expect(there.filter((name) => !checked.has(name))).toEqual([])
})
