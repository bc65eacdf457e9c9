import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isEntry, onSignal } from '../../src/platform/process.ts'

test('a test is not the program’s entry', () => {
  expect(isEntry(import.meta.url)).toBe(false)
  expect(isEntry('not a url')).toBe(false)
})

test('a signal is heard once', () => {
  let heard = 0
  const before = process.listenerCount('SIGTERM')
  onSignal('SIGTERM', () => heard++)
  process.emit('SIGTERM')
  expect([heard, process.listenerCount('SIGTERM')]).toEqual([1, before])
})

test('the exit code is set, or the process ends at once', () => {
  const run = (now: boolean): [number | null, string] => {
    const code = `import { exitWith } from ${JSON.stringify(join(import.meta.dirname, '../../src/platform/process.ts'))}; exitWith(3, ${now}); console.log('still here')`
    const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], { encoding: 'utf8' })
    return [status, stdout.trim()]
  }
  expect(run(true)).toEqual([3, ''])
  expect(run(false)).toEqual([3, 'still here'])
})
