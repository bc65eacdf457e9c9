import { expect, test } from 'vitest'
import { keyValueStore, serdes, tumbling } from '../../src/index.ts'
import { Graph, keyValueSpec, windowSpec } from '../../src/dsl/handle.ts'

test('calls are kept in order until the list is frozen', () => {
  const graph = new Graph()
  const call = { kind: 'store' as const, spec: keyValueStore('a', { key: serdes.string, value: serdes.long }) as never, role: undefined }
  expect(graph.add(call)).toBe(call)
  expect(graph.calls).toEqual([call])
  graph.freeze()
  expect(() => graph.add(call)).toThrow(expect.objectContaining({ code: 'TOPOLOGY_FROZEN' }))
})

test('a store is given by name, by spec or not at all', () => {
  const spec = keyValueStore('a', { key: serdes.string, value: serdes.long })
  expect(keyValueSpec(spec)).toBe(spec)
  expect(keyValueSpec('a')).toEqual({ kind: 'keyValue', name: 'a' })
  expect(keyValueSpec(undefined)).toEqual({ kind: 'keyValue' })
  expect(windowSpec(undefined, tumbling(10).grace(5), [])).toEqual({ kind: 'window', sizeMs: 10, retentionMs: 15 })
  expect(windowSpec('w', tumbling(10), [])).toEqual({ kind: 'window', sizeMs: 10, retentionMs: 10, name: 'w' })
})
