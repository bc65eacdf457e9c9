import { expect, test } from 'vitest'
import { isAtEnd, mayRead, moveTo, once, readingFrom } from '../../src/kafka/reading.ts'

const tp = { topic: 't', partition: 0 }

test('a partition is asked for unless it is paused, rests, is asked for already, or has two answers that nobody used up', () => {
  const reading = readingFrom(tp, 5, 'read_committed')
  expect(mayRead(reading)).toBe(true)
  for (const why of [{ paused: true }, { resting: true }, { idle: false }, { chunks: 2 }])
    expect(mayRead({ ...reading, ...why })).toBe(false)
  expect(mayRead({ ...reading, chunks: 1 })).toBe(true)
})

test('it is at its end when an answer told the end and all before has been fetched', () => {
  const reading = readingFrom(tp, 5, undefined)
  expect(isAtEnd(reading)).toBe(false)
  expect(isAtEnd({ ...reading, end: 6 })).toBe(false)
  expect(isAtEnd({ ...reading, end: 5 })).toBe(true)
})

test('moving forgets what was known of the place before, and not what waits to be used up', () => {
  const reading = Object.assign(readingFrom(tp, 5, 'read_committed'), { epoch: 3, checkedEpoch: 4, end: 9, chunks: 1 })
  moveTo(reading, 2)
  expect(reading).toMatchObject({ position: 2, epoch: -1, checkedEpoch: 4, end: -1, chunks: 1 })
})

test('transactions matter only to those who read what is committed', () => {
  expect(readingFrom(tp, 0, undefined).filter).toBeUndefined()
  expect(readingFrom(tp, 0, 'read_committed').filter).toBeDefined()
})

test('what is called once runs once', () => {
  let calls = 0
  const release = once(() => void calls++)
  release()
  release()
  expect(calls).toBe(1)
})
