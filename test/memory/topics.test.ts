import { describe, expect, it } from 'vitest'
import { CODE } from '../../src/memory/codes.ts'
import { MemoryTopics } from '../../src/memory/topics.ts'

let now = 0
const made = (options: { readonly nodes?: number; readonly newTopicErrorMs?: number } = {}): MemoryTopics =>
  new MemoryTopics({ now: () => now, nodes: 1, newTopicErrorMs: 0, ...options })

describe('MemoryTopics', () => {
  it.each([
    ['', 1, CODE.INVALID_TOPIC_EXCEPTION],
    ['a b', 1, CODE.INVALID_TOPIC_EXCEPTION],
    ['..', 1, CODE.INVALID_TOPIC_EXCEPTION],
    ['x'.repeat(250), 1, CODE.INVALID_TOPIC_EXCEPTION],
    ['x'.repeat(249), 1, CODE.NONE],
    ['orders', 0, CODE.INVALID_PARTITIONS],
    ['orders', 1.5, CODE.INVALID_PARTITIONS],
    ['orders', 10_001, CODE.INVALID_PARTITIONS],
    ['__proto__', 2, CODE.NONE],
  ])('answers for a topic %j of %d partitions', (name, partitions, errorCode) => {
    const topics = made()
    expect(topics.create(name, { partitions }).errorCode).toBe(errorCode)
    expect(topics.get(name)?.partitions.length).toBe(errorCode === CODE.NONE ? partitions : undefined)
  })

  it('refuses more replicas than there are brokers', () => {
    const topics = made({ nodes: 2 })
    expect(topics.create('a', { partitions: 1, replicationFactor: 3 }).errorCode).toBe(CODE.INVALID_REPLICATION_FACTOR)
    expect(topics.create('a', { partitions: 1, replicationFactor: 2 }).errorCode).toBe(CODE.NONE)
  })

  it('spreads leaders over the brokers, and lets only the leader answer', () => {
    const topics = made({ nodes: 2 })
    topics.create('a', { partitions: 3 })
    expect(topics.get('a')?.partitions.map(({ leader }) => leader)).toEqual([1, 2, 1])
    expect(topics.led('a', 1, 2)).toBe(topics.partition('a', 1))
    expect(topics.led('a', 1, 1)).toBe(CODE.NOT_LEADER_OR_FOLLOWER)
    expect(topics.led('a', 3, 1)).toBe(CODE.UNKNOWN_TOPIC_OR_PARTITION)
    expect(topics.led('b', 0, 1)).toBe(CODE.UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('has new topics that no leader knows yet, for a while', () => {
    now = 1000
    const topics = made({ newTopicErrorMs: 10 })
    topics.create('a', { partitions: 1 })
    const answers = [1000, 1005, 1010].map((time) => {
      now = time
      return topics.led('a', 0, 1)
    })
    expect(answers).toEqual([CODE.UNKNOWN_TOPIC_OR_PARTITION, CODE.NOT_LEADER_OR_FOLLOWER, topics.partition('a', 0)])
  })

  it('makes a deleted topic anew, empty, under another id', () => {
    const topics = made()
    topics.create('a', { partitions: 1 })
    const before = topics.get('a')
    expect(topics.create('a', { partitions: 2 }).errorCode).toBe(CODE.TOPIC_ALREADY_EXISTS)
    expect([topics.delete('a'), topics.delete('a')]).toEqual([CODE.NONE, CODE.UNKNOWN_TOPIC_OR_PARTITION])
    topics.create('a', { partitions: 2 })
    expect(topics.get('a')?.id).not.toBe(before?.id)
    expect(topics.get('a')?.partitions[0]).not.toBe(before?.partitions[0])
  })

  it('grows a topic and leaves the partitions it has', () => {
    const topics = made()
    topics.create('a', { partitions: 2 })
    const before = topics.get('a')!.partitions
    expect([topics.grow('a', 2), topics.grow('a', 1), topics.grow('b', 2)].map(({ errorCode }) => errorCode)).toEqual([
      CODE.INVALID_PARTITIONS,
      CODE.INVALID_PARTITIONS,
      CODE.UNKNOWN_TOPIC_OR_PARTITION,
    ])
    expect(topics.grow('a', 3).errorCode).toBe(CODE.NONE)
    expect(topics.get('a')?.partitions.slice(0, 2)).toEqual(before)
    expect(topics.get('a')?.partitions).toHaveLength(3)
  })

  it('changes the configs it is told to, and only those', () => {
    const topics = made()
    topics.create('a', { partitions: 1, configs: { 'cleanup.policy': 'compact', 'retention.ms': '5' } })
    expect(topics.alter('a', { 'retention.ms': null, 'max.message.bytes': '9' }).errorCode).toBe(CODE.NONE)
    expect(topics.get('a')?.configs).toMatchObject({ 'cleanup.policy': 'compact', 'retention.ms': '604800000', 'max.message.bytes': '9' })
    expect(topics.get('a')?.settings).toMatchObject({ compacted: true, maxMessageBytes: 9 })
    expect(topics.alter('a', { nonsense: '1' }).errorCode).toBe(CODE.INVALID_CONFIG)
    expect(topics.alter('b', {}).errorCode).toBe(CODE.UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('refuses configs that no broker knows', () => {
    expect(made().create('a', { partitions: 1, configs: { 'cleanup.polizy': 'compact' } })).toMatchObject({
      errorCode: CODE.INVALID_CONFIG,
      errorMessage: expect.stringContaining('cleanup.polizy'),
    })
  })
})
