/** Three real brokers of which one is killed: clients go on with the others. */
import { expect, it } from 'vitest'
import { decodeText, utf8 } from '../../src/base/text.ts'
import { Cluster } from '../../src/kafka/cluster.ts'
import { Admin } from '../../src/kafka/admin.ts'
import { GroupOffsets } from '../../src/kafka/offsets.ts'
import { Producer } from '../../src/kafka/producer.ts'
import { Fetcher } from '../../src/kafka/fetcher.ts'
import { defaultClock as clock, defaultRandom as random } from '../../src/runtime/defaults.ts'
import { EARLIEST } from '../../src/wire/api/list-offsets.ts'
import { suiteOfThree } from '../contract/broker/fetch.ts'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'
import { readAll } from '../wire/reading.ts'
import { transportTo } from './sockets.ts'

const TOPICS = 'org.apache.kafka.tools.TopicCommand'
const PARTITIONS = 6
const fence = { generation: -1, memberId: '', instanceId: null }

describeWithKafka(
  'three brokers',
  (kafka) => {
    suiteOfThree('three real brokers', async () => {
      const sockets = transportTo(kafka().brokers)
      return { transport: sockets, close: () => sockets.close() }
    })

    it('keep three replicas, of which two must be there', async () => {
      const at = ['--bootstrap-server', kafka().brokers.join(',')]
      await kafka().tool(TOPICS, [...at, '--create', '--topic', 'lines'])
      const described = await kafka().tool(TOPICS, [...at, '--describe', '--topic', 'lines'])
      expect(described).toMatch(/ReplicationFactor: 3\b.*min\.insync\.replicas=2/)
    })

    it('lose one, and every record, position and request finds its way', async () => {
      const transport = transportTo(kafka().brokers, { dialTimeoutMs: 3_000 })
      const cluster = new Cluster({ clock, random, transport, retryMs: 60_000 })
      const admin = new Admin(cluster)
      const topic = 'orders'
      await admin.createTopics([{ name: topic, partitions: PARTITIONS, replicationFactor: 3, configs: {} }])
      const tps = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
      await cluster.byLeader(tps.map((tp) => ({ tp })))
      const producer = new Producer({
        cluster,
        clock,
        random,
        batchSize: 16384,
        lingerMs: 0,
        codec: 'none',
        bufferBytes: 1 << 20,
        requestTimeoutMs: 5e3,
      })
      await producer.init()
      const writers = tps.map((tp) => producer.writer(tp, { count: 0 }))
      const write = async (from: number, count: number): Promise<void> => {
        for (let i = from; i < from + count; i++) writers[i % PARTITIONS]!.append(null, utf8(`v${i}`), Date.now(), undefined)
        await producer.flush()
      }
      await write(0, 600)
      const offsets = new GroupOffsets(cluster)
      await offsets.commit([{ tp: tps[0]!, offset: 7, metadata: null }], { groupId: 'g', ...fence })

      const { node } = cluster.leader(tps[0]!)!
      await kafka().kill(node)
      for (let from = 600; from < 1200; from += 60) await write(from, 60)
      await offsets.commit([{ tp: tps[0]!, offset: 8, metadata: null }], { groupId: 'g', ...fence })
      expect(await offsets.committed('g', [tps[0]!])).toMatchObject([{ offset: 8 }])
      expect(cluster.leader(tps[0]!)!.node).not.toBe(node)

      const found = await readEverything(cluster, await offsets.at(tps, EARLIEST), 1200)
      expect(found.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1200 }, (_, i) => i))
      await cluster.close()
      await transport.close()
    }, 120_000)
  },
  { brokers: 3 },
)

/** The numbers of all records. */
async function readEverything(cluster: Cluster, starts: Awaited<ReturnType<GroupOffsets['at']>>, count: number): Promise<number[]> {
  const outOfRange = (): Promise<number> => Promise.reject(new Error('out of range'))
  const fetcher = new Fetcher({ cluster, clock, random, kind: 'fetch:test', maxBytes: 1 << 24, maxPartitionBytes: 1 << 20, outOfRange })
  fetcher.assign(starts)
  const found: number[] = []
  while (found.length < count) {
    for (const chunk of await fetcher.poll({ timeoutMs: 1_000 })) {
      for (const { value } of readAll(chunk.buffer.subarray(chunk.from, chunk.to))) {
        const text = decodeText(value!, 0, value!.length)
        found.push(Number(text.slice(1)))
      }
      chunk.release()
    }
  }
  fetcher.close()
  return found
}
