import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeText, encodeText, registerTextCodec } from '../../src/base/text.ts'
import { openStores, registerNode, writeNotice } from '../../src/platform/node.ts'
import { resolveConfig } from '../../src/runtime/config.ts'
import { defaultClock, defaultRandom } from '../../src/runtime/defaults.ts'
import { silent } from '../../src/runtime/logger.ts'
import { compressionOf } from '../../src/wire/compression.ts'

test('the fast text codec answers as the plain one does', () => {
  const texts = ['', 'a'.repeat(100), 'ü'.repeat(100), '€'.repeat(70), '\ud800 lone', '😀'.repeat(40), '\ufeffmark'.repeat(10)]
  const into = new Uint8Array(1_000)
  const answers = (): string[] =>
    texts.map((text) => {
      const length = encodeText(text, into, 3)
      return `${length} ${decodeText(into, 3, 3 + length)} ${encodeText(text, into, 990)}`
    })
  const plain = answers()
  registerNode()
  registerNode()
  expect(answers()).toEqual(plain)
  const fast = registerTextCodec({ decode: () => 'x', encode: () => 1 })
  registerTextCodec(fast)
  expect(answers()).toEqual(plain)
})

test('a notice is written once a process', () => {
  const written: string[] = []
  for (const line of ['first', 'second', 'first']) writeNotice(line, (one) => written.push(one))
  expect(written).toEqual(['first', 'second'])
})

test('compression codecs are there', () => {
  registerNode()
  const bytes = new Uint8Array(1_000).fill(7)
  const gzip = compressionOf('gzip')
  expect(gzip.compress(bytes).length).toBeLessThan(100)
})

test('stores in memory make no folder, stores on disk one of the application', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-node-'))
  try {
    const config = (engine: 'memory' | 'level') => resolveConfig({ applicationId: 'app', brokers: 'k:1', stateDir, engine })
    const ports = { clock: defaultClock, random: defaultRandom }
    await (await openStores(config('memory'), ports, silent)).close()
    expect(readdirSync(stateDir)).toEqual([])
    const stores = await openStores(config('level'), ports, silent)
    expect((await stores.openTask('0_0')).persistent).toBe(true)
    await stores.close()
    expect(readdirSync(stateDir)).toEqual(['app'])
  } finally {
    rmSync(stateDir, { recursive: true })
  }
})
