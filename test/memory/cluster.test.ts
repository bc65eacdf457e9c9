import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import { CODE } from '../../src/memory/codes.ts'
import { METADATA } from '../../src/wire/api/metadata.ts'
import { PRODUCE } from '../../src/wire/api/produce.ts'
import { markerBatch } from '../../src/wire/control.ts'
import { batchOf, fetchRequest, makeWorld, numbered, sequenced, settled, shown, START } from './world.ts'
import { FETCH } from '../../src/wire/api/fetch.ts'

const ALL = { topics: null, allowAutoTopicCreation: false }

describe('MemoryCluster by hand', () => {
  it('makes topics once, and says why it makes none', () => {
    const { cluster } = makeWorld()
    expect([cluster.createTopic('t', { partitions: 3 }), cluster.createTopic('t')]).toEqual([true, false])
    expect(() => cluster.createTopic('a b')).toThrow(/a b.*INVALID_TOPIC_EXCEPTION/)
    expect(() => cluster.createTopic('u', { configs: { 'retention.minutes': '1' } })).toThrow(/retention\.minutes/)
    cluster.createTopic('u')
    expect([cluster.topicNames(), cluster.topics().map(({ partitions }) => partitions.length)]).toEqual([
      ['t', 'u'],
      [3, 1],
    ])
    cluster.deleteTopic('t')
    expect([cluster.topic('t'), cluster.topicNames()]).toEqual([undefined, ['u']])
  })

  it('appends records or a batch, and reads them', () => {
    const { cluster } = makeWorld()
    cluster.createTopic('t', { partitions: 2 })
    expect(cluster.append('t', 1, [{ key: utf8('k'), value: null, timestamp: START, headers: [['h', utf8('1')]] }])).toBe(0)
    expect(cluster.append('t', 1, numbered(2))).toBe(1)
    expect(shown(cluster.read('t', 1))).toEqual(['0 k=null', '1 k0=v0', '2 k1=v1'])
    expect(cluster.read('t', 1, 2).map(({ offset }) => offset)).toEqual([2])
    expect(cluster.read('t', 1)[0]?.headers).toEqual([['h', utf8('1')]])
    expect([cluster.read('t', 0), cluster.endOffsets('t'), cluster.endOffsets('u')]).toEqual([[], [0, 3], []])
  })

  it('reads from the start of the log at the earliest', () => {
    const { cluster } = makeWorld()
    cluster.createTopic('t')
    cluster.append('t', 0, numbered(3))
    cluster.topic('t')!.partitions[0]!.log.truncateTo(2)
    expect(cluster.read('t', 0).map(({ offset }) => offset)).toEqual([2])
  })

  it('says what it doesn’t append, and where', () => {
    const { cluster } = makeWorld()
    cluster.createTopic('t', { configs: { 'cleanup.policy': 'compact' } })
    expect(() => cluster.append('t', 0, [{ key: null, value: null, timestamp: START }])).toThrow(/t\[0\].*INVALID_RECORD/)
    expect(() => cluster.append('t', 1, numbered(1))).toThrow(/no t\[1\]/)
  })

  it('appends batches of transactions and their markers by hand, which no request may', async () => {
    const { cluster, produce, fetch } = makeWorld()
    cluster.createTopic('t')
    const producer = { producerId: 7, producerEpoch: 0 }
    const written = numbered(2, { ...producer, baseSequence: 0, transactional: true })
    const marker = markerBatch({ ...producer, verdict: 'abort', coordinatorEpoch: 0, timestamp: START })
    expect(await produce('t', written)).toMatchObject({ errorCode: CODE.INVALID_TXN_STATE })
    expect(await produce('t', marker)).toMatchObject({ errorCode: CODE.INVALID_RECORD })
    expect(cluster.appendTransactional('t', 0, written)).toBe(0)
    expect(await fetch('t', 0)).toMatchObject({ highWatermark: 2, lastStableOffset: 0 })
    expect(cluster.appendTransactional('t', 0, marker)).toBe(2)
    expect(await fetch('t', 0, { isolation: 'read_committed' })).toMatchObject({
      lastStableOffset: 3,
      aborted: [{ producerId: 7, firstOffset: 0 }],
    })
  })

  it('tells when a log changes, or nothing has for a while', async () => {
    const { clock, cluster } = makeWorld()
    cluster.createTopic('t')
    const heard: string[] = []
    void cluster.nextAppend(100).then(() => heard.push('first'))
    cluster.append('t', 0, numbered(1))
    await settled()
    void cluster.nextAppend(100).then(() => heard.push('second'))
    await clock.advance(99)
    expect(heard).toEqual(['first'])
    await clock.advance(1)
    expect(heard).toEqual(['first', 'second'])
  })

  it('compacts a compacted topic, all partitions of it, and no other', () => {
    const { cluster } = makeWorld()
    cluster.createTopic('c', { partitions: 2, configs: { 'cleanup.policy': 'compact' } })
    cluster.createTopic('d')
    for (const partition of [0, 1]) for (const value of ['1', '2']) cluster.append('c', partition, batchOf([['a', value]]))
    cluster.compactNow('c')
    expect([0, 1].map((partition) => shown(cluster.read('c', partition)))).toEqual([['1 a=2'], ['1 a=2']])
    expect(() => cluster.compactNow('d')).toThrow(/compacted/)
    expect(() => cluster.compactNow('x')).toThrow(/compacted/)
  })
})

describe('MemoryCluster as a transport', () => {
  it('names a seed for each broker, and connects to them', async () => {
    const { cluster } = makeWorld({ brokers: 3 })
    expect(cluster.seeds().map(({ port }) => port)).toEqual([1, 2, 3])
    expect((await cluster.lane(cluster.seeds()[2]!, 'call')).node).toBe(3)
  })

  it('cuts connections, to one broker or to all, and lets new ones be made', async () => {
    const { cluster, ask } = makeWorld({ brokers: 2 })
    const [one, two] = await Promise.all([1, 2].map((port) => cluster.lane({ host: 'memory', port }, 'call')))
    const closed: number[] = []
    for (const lane of [one!, two!]) lane.onClose(() => closed.push(lane.node))
    cluster.dropConnections(2)
    expect(closed).toEqual([2])
    cluster.dropConnections()
    expect(closed).toEqual([2, 1])
    await expect(one!.request(METADATA, ALL)).rejects.toMatchObject({ code: 'CONNECTION_LOST', retriable: true })
    expect(await ask(METADATA, ALL)).toMatchObject({ controllerId: 1 })
  })

  it('stops a broker and starts it again', async () => {
    const { cluster, ask } = makeWorld()
    cluster.stopBroker(1)
    await expect(ask(METADATA, ALL)).rejects.toMatchObject({ code: 'CONNECTION_LOST', retriable: true })
    cluster.startBroker(1)
    expect(await ask(METADATA, ALL)).toMatchObject({ controllerId: 1 })
  })

  it('is over when it is closed: parked fetches, timers and lanes', async () => {
    const { clock, cluster, ask } = makeWorld()
    cluster.createTopic('t')
    const fetch = ask(FETCH, fetchRequest('t', 0, { maxWaitMs: 500 }))
    const append = cluster.nextAppend(500)
    await settled()
    await cluster.close()
    await expect(fetch).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    await append
    expect(clock.pending()).toBe(0)
    await expect(ask(METADATA, ALL)).rejects.toMatchObject({ code: 'CONNECTION_LOST', retriable: false })
  })

  it('shows each request to the planned fault, with who carries it', async () => {
    const { cluster, ask } = makeWorld({ brokers: 2 })
    const seen: string[] = []
    cluster.injectFault((api, _request, { node, kind }) => {
      seen.push(`${api.name} ${node} ${kind}`)
      return undefined
    })
    await ask(METADATA, ALL, 2)
    cluster.injectFault(undefined)
    await ask(METADATA, ALL)
    expect(seen).toEqual(['Metadata 2 call'])
  })

  it('lets a producer that lost an answer send the same bytes again', async () => {
    const { clock, cluster } = makeWorld()
    cluster.createTopic('t')
    const topics = [{ topic: 't', partitions: [{ partition: 0, records: sequenced(0, 400) }] }]
    const request = { transactionalId: null, acks: -1, timeoutMs: 1000, topics }
    cluster.injectFault((api) => (api === PRODUCE ? { outcome: 'lose-answer' } : undefined))
    const first = (await cluster.lane({ host: 'memory', port: 1 }, 'produce')).request(PRODUCE, request, { timeoutMs: 1000 })
    const lost = expect(first).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    await clock.advance(1000)
    await lost
    cluster.injectFault(undefined)
    const again = await (await cluster.lane({ host: 'memory', port: 1 }, 'produce')).request(PRODUCE, request)
    expect(again.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, baseOffset: 0 })
    expect(cluster.endOffsets('t')).toEqual([400])
  })
})
