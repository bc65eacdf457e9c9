import { expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { utf8 } from '../../src/base/text.ts'
import { CurrentRecord } from '../../src/model/record.ts'
import { cacheOf, dumpOf, heldOf, writesOf, type Held } from '../../src/state/caches.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import type { AnyStoreSpec, KeyValueStore, TimeOrderedBuffer, VersionedKeyValueStore, WindowStore } from '../../src/state/store-spec.ts'
import { resolvedStore } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

const record = new CurrentRecord()

function made(spec: AnyStoreSpec): Held {
  const prefix = new Uint8Array([0, 1])
  const store = resolvedStore(spec)
  return heldOf({
    store,
    prefix,
    engine: new MemoryEngine(),
    record,
    engineName: 'memory',
    log: undefined,
    everyWrite: false,
    parity: false,
    expired: () => undefined,
  })
}

const value = toHex(utf8('v'))

test('a spec makes the store of its kind, whose writes wait for a flush, and whose rows can be shown', () => {
  const specs: readonly AnyStoreSpec[] = [
    { kind: 'keyValue', format: 'plain' },
    { kind: 'window', sizeMs: 10, retentionMs: 100, format: 'plain' },
    { kind: 'versioned', historyMs: 100 },
    { kind: 'buffer' },
  ]
  const found = specs.map((spec) => {
    const held = made(spec)
    const cache = cacheOf(held)
    const face: KeyValueStore<string, string> & WindowStore<string, string> = untyped(held.face())
    const versions: VersionedKeyValueStore<string, string> = untyped(face)
    const buffer: TimeOrderedBuffer<string, string> = untyped(face)
    if (spec.kind === 'buffer') buffer.put('k', 7, { value: 'v', old: null }, record)
    else if (spec.kind === 'versioned') void versions.put('k', 'v', 7)
    else face.put('k', 'v', untyped(spec.kind === 'window' ? 7 : undefined))
    const { isDirty, live, unlanded } = writesOf(cache)
    expect({ isDirty, live, unlanded }).toEqual({ isDirty: true, live: 1, unlanded: 1 })
    void writesOf(cache).flush()
    expect([writesOf(cache).isDirty, writesOf(cache).pendingRows()?.count]).toEqual([false, 1])
    const { kind, entries } = dumpOf(held, spec.kind)
    return [kind, entries.map((row) => row.slice(0, spec.kind === 'buffer' ? 2 : undefined))]
  })
  expect(found).toEqual([
    ['keyValue', [['6b', value]]],
    ['window', [['6b', 7, 17, value]]],
    ['versioned', [['6b', 7, null, value]]],
    ['buffer', [[7, '6b']]],
  ])
})
