import { expect, it } from 'vitest'
import { CommittedOffsets } from '../../src/memory/committed.ts'

const position = (offset: number): { offset: number; leaderEpoch: number; metadata: string } => ({ offset, leaderEpoch: 3, metadata: 'm' })

it('keeps the last position of each group and partition', () => {
  const committed = new CommittedOffsets()
  committed.set('g', { topic: 't', partition: 0 }, position(1))
  committed.set('g', { topic: 't', partition: 0 }, position(2))
  committed.set('g', { topic: 't', partition: 1 }, position(3))
  committed.set('h', { topic: 't', partition: 0 }, position(4))
  expect(committed.get('g', { topic: 't', partition: 0 })).toMatchObject(position(2))
  expect(committed.get('g', { topic: 't', partition: 1 })).toMatchObject(position(3))
  expect(committed.get('h', { topic: 't', partition: 1 })).toBeUndefined()
})

it('forgets a deleted topic in all groups, and no other', () => {
  const committed = new CommittedOffsets()
  for (const group of ['g', 'h']) for (const topic of ['t', 't-1']) committed.set(group, { topic, partition: 1 }, position(1))
  committed.deleteTopic('t')
  expect(['g', 'h'].map((group) => committed.get(group, { topic: 't', partition: 1 }))).toEqual([undefined, undefined])
  expect(committed.get('h', { topic: 't-1', partition: 1 })).toMatchObject(position(1))
})
