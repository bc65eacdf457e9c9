import { expect, test } from 'vitest'
import { serdes, session, tumbling, untilWindowCloses, versionedStore } from '../../src/index.ts'
import { internalTopics } from '../../src/runtime/internal-topics.ts'
import { built, texts } from '../support/shop-topics.ts'

test('topics have Kafka Streams’ names, counts and configs', () => {
  const topology = built((builder) => {
    const grouped = builder.stream(texts).groupBy((value) => value, { key: serdes.string, name: 'words' })
    grouped.count({ store: 'c' })
    grouped.reduce((_, text) => text, { store: versionedStore('v', { key: serdes.string, value: serdes.string, historyMs: 1_000 }) })
    grouped.windowedBy(tumbling(1_000).grace(500)).count({ store: 'w' }).suppress(untilWindowCloses(), { name: 'final' })
    grouped.windowedBy(session(1_000).grace(200)).count({ store: 's' })
  })
  const counts = topology.partitionCounts(() => 3)
  const topics = internalTopics(topology, {
    applicationId: 'app',
    counts,
    additionalRetentionMs: 86_400_000,
    configs: { 'segment.ms': '7' },
  })
  expect(
    topics.map(({ name, kind, partitions, configs }) => [name, kind, partitions, configs['cleanup.policy'], configs['retention.ms']]),
  ).toEqual([
    ['app-words-repartition', 'repartition', 3, 'delete', '-1'],
    ['app-c-changelog', 'changelog', 3, 'compact', undefined],
    ['app-v-changelog', 'changelog', 3, 'compact', undefined],
    ['app-w-changelog', 'changelog', 3, 'compact,delete', '86401500'],
    ['app-final-store-changelog', 'changelog', 3, 'compact', undefined],
    ['app-s-changelog', 'changelog', 3, 'compact,delete', '86401200'],
  ])
  expect(topics.find(({ name }) => name === 'app-v-changelog')?.configs['min.compaction.lag.ms']).toBe('86401000')
  for (const { configs } of topics) expect(configs).toMatchObject({ 'message.timestamp.type': 'CreateTime', 'segment.ms': '7' })
})
