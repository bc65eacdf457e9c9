import { expect, test } from 'vitest'
import { serdes } from '../../src/model/serdes.ts'
import { keyValueStore, versionedStore, windowStore } from '../../src/state/stores.ts'

const sides = { key: serdes.string, value: serdes.long }

test('a spec says the kind, the name and what was given, and cannot be changed', () => {
  const spec = keyValueStore('counts', { ...sides, format: 'plain', changelog: false })
  expect(spec).toEqual({ kind: 'keyValue', name: 'counts', ...sides, format: 'plain', changelog: false })
  expect(Object.isFrozen(spec)).toBe(true)
})

test('a window spec has its size and retention, which may be equal, and a size of 0', () => {
  const spec = windowStore('per-minute', { ...sides, sizeMs: 60_000, retentionMs: 60_000 })
  expect(spec).toEqual({ kind: 'window', name: 'per-minute', ...sides, sizeMs: 60_000, retentionMs: 60_000 })
  expect(Object.isFrozen(spec)).toBe(true)
  expect(windowStore('moments', { ...sides, sizeMs: 0, retentionMs: 0 })).toMatchObject({ sizeMs: 0, retentionMs: 0 })
})

test('a size below 0 or no number, and windows that are kept for a shorter time than they last, are refused with what to give', () => {
  for (const sizeMs of [-1, Number.NaN])
    expect(() => windowStore('w', { ...sides, sizeMs, retentionMs: 1000 })).toThrow(expect.objectContaining({ code: 'WINDOW_INVALID' }))
  for (const retentionMs of [999, -1, Number.NaN])
    expect(() => windowStore('w', { ...sides, sizeMs: 1000, retentionMs })).toThrow(
      expect.objectContaining({ code: 'WINDOW_RETENTION', message: expect.stringContaining('1000') }),
    )
})

test('a versioned store says how far back it goes', () => {
  const serdesOf = { key: serdes.string, value: serdes.long }
  expect(versionedStore('v', { ...serdesOf, historyMs: 0 })).toEqual({ kind: 'versioned', name: 'v', ...serdesOf, historyMs: 0 })
  for (const wrong of [{ historyMs: -1 }, { historyMs: 0.5 }, { historyMs: 5, segmentMs: 0 }])
    expect(() => versionedStore('v', { ...serdesOf, ...wrong })).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }))
})

test('a time to live is whole milliseconds, of a store that knows the times of its values', () => {
  expect(keyValueStore('t', { ...sides, ttlMs: 60_000 })).toMatchObject({ ttlMs: 60_000 })
  for (const ttlMs of [0, -1, 1.5, Number.NaN])
    expect(() => keyValueStore('t', { ...sides, ttlMs })).toThrow(/ttlMs is .*; give whole milliseconds, at least 1/)
  expect(() => keyValueStore('t', { ...sides, ttlMs: 1, format: 'plain' })).toThrow(/format 'plain' knows no times/)
})
