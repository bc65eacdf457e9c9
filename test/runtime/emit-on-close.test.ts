import { expect, test } from 'vitest'
import { serdes, session, tumbling, type KTable, type Windowed } from '../../src/index.ts'
import { built, counts, texts } from '../support/shop-topics.ts'
import { appOn, freshBroker, processed, until } from './app-world.ts'

/** Counts in windows of ten and in sessions, told of when they close. */
const counting = () =>
  built((builder) => {
    const grouped = builder.stream(texts).groupByKey()
    const out = (kind: string, table: KTable<Windowed<string>, number, boolean>): void =>
      table
        .toStream()
        .map((count, { key, window }): [string, number] => [`${kind} ${key}@${window.start}-${window.end}`, count ?? -1])
        .to(counts, { key: serdes.string, value: serdes.long })
    out(
      'window',
      grouped
        .windowedBy(tumbling(10))
        .count({ store: { kind: 'window', name: 'w', sizeMs: 10, retentionMs: 1_000 }, emit: 'on-window-close' }),
    )
    out(
      'session',
      grouped.windowedBy(session(5)).count({ store: { kind: 'session', name: 's', retentionMs: 1_000 }, emit: 'on-window-close' }),
    )
  })

test('closed windows are handed on once over two restarts, also those that a start finds in its stores', async () => {
  const broker = freshBroker()
  let sent = 0
  // Looks at what has closed are a second apart, so each start has one at its first record, and most likely no other.
  for (const times of [[1, 2, 12], [13, 31], [50]]) {
    await broker.produce(
      texts,
      times.map((timestamp) => ({ key: 'a', value: 'v', timestamp })),
    )
    sent += times.length
    const app = appOn(broker, counting())
    await app.start()
    await until('all is processed', () => processed('texts', sent, app))
    expect(await app.close()).toEqual({ clean: true })
  }
  const told: string[] = []
  for await (const { key, value } of broker.read(counts)) told.push(`${key}=${value}`)
  expect(told.toSorted()).toEqual([
    'session a@1-2=2',
    'session a@12-13=2',
    'session a@31-31=1',
    'window a@0-10=2',
    'window a@10-20=2',
    'window a@30-40=1',
  ])
})
