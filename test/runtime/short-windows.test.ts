import { expect, test } from 'vitest'
import { seconds, tumbling } from '../../src/index.ts'
import { shortWindows } from '../../src/runtime/short-windows.ts'
import { built, texts } from '../support/shop-topics.ts'

test('windows below 10 ms are in doubt, and nothing else is', () => {
  const topology = built((builder) => {
    const grouped = builder.stream(texts).groupByKey()
    grouped.count({ store: 'all' })
    for (const [store, size] of [
      ['five', 5],
      ['ten', 10],
      ['five-seconds', seconds(5)],
    ] as const)
      grouped.windowedBy(tumbling(size)).count({ store })
  })
  expect(shortWindows(topology)).toEqual([
    { store: 'five', sizeMs: 5, message: 'store five has windows of 5 ms: times are milliseconds; seconds(5) is 5000' },
  ])
})
