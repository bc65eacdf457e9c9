/** Windows of every kind that ends, for properties, and the store that an aggregation over them keeps by default. */
import * as fc from 'fast-check'
import { serdes } from '../../src/model/serdes.ts'
import { hopping, retentionOf, session, sizeOf, sliding, tumbling, type AnyWindows } from '../../src/operators/window-placement.ts'
import { sessionStore, windowStore } from '../../src/state/stores.ts'
import type { SessionStoreSpec, WindowStoreSpec } from '../../src/state/store-spec.ts'

/** Windows of one to twelve ms. */
export const anyWindows: fc.Arbitrary<AnyWindows> = fc
  .record({ size: fc.integer({ min: 1, max: 12 }), grace: fc.nat(6), kind: fc.nat(3) })
  .map(({ size, grace, kind }): AnyWindows => {
    if (kind === 0) return tumbling(size).grace(grace)
    if (kind === 1) return hopping(size, { advance: Math.ceil(size / 3) }).grace(grace)
    return kind === 2 ? session(size).grace(grace) : sliding(size).grace(grace)
  })

/** A store of texts with Kafka Streams' default retention. */
export function storeOf(windows: AnyWindows): WindowStoreSpec<string, string> | SessionStoreSpec<string, string> {
  const texts = { key: serdes.string, value: serdes.string, retentionMs: retentionOf(windows) }
  return windows.kind === 'session' ? sessionStore('s', texts) : windowStore('s', { ...texts, sizeMs: sizeOf(windows) })
}
