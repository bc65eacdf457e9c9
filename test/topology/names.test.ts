import { expect, test } from 'vitest'
import { nameMistake, topicMistake } from '../../src/topology/names.ts'

test.each(['a', 'A-1_b.c', 'x'.repeat(200)])('%s can be a step', (name) => {
  expect(nameMistake(name, 'step')).toBeUndefined()
})

test.each(['', '.', '..', 'a b', 'ü', 'x'.repeat(201), 'a/b', 'a\nb'])('%j can be neither a step nor a store', (name) => {
  expect(nameMistake(name, 'step')?.code).toBe('NAME_INVALID')
  expect(nameMistake(name, 'store')?.code).toBe('STORE_NAME_INVALID')
})

test('topics are shorter than 250 characters and not Kafka’s own', () => {
  expect(topicMistake('x'.repeat(249), 'in')).toBeUndefined()
  expect(topicMistake('x'.repeat(250), 'in')?.code).toBe('TOPIC_INVALID')
  expect(topicMistake('__consumer_offsets', 'in')?.code).toBe('TOPIC_RESERVED')
})

test('what a terminal would act on is escaped', () => {
  expect(nameMistake('a\u001b[2Jb', 'step')?.message).toContain('a\\u{1b}[2Jb')
})
