import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFiles } from '../../src/platform/files.ts'
import type { Files, ProcessStamp } from '../../src/runtime/file-port.ts'
import { silent } from '../../src/runtime/logger.ts'
import { takeLock } from '../../src/runtime/state-lock.ts'
import { temporaryFolder } from '../support/engine-cases.ts'
import { recordedLog } from '../support/recorded-log.ts'

const NOW = Date.UTC(2026, 0, 2)
const take = (folder: string, files: Files = nodeFiles): Promise<() => Promise<void>> =>
  takeLock(folder, { files, logger: silent, now: NOW })

test('a lock is held until it is given back, and leaves nothing', async () => {
  const folder = temporaryFolder()
  const release = await take(folder)
  await expect(take(folder)).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED', message: expect.stringContaining(`process ${process.pid}`) })
  await release()
  await (
    await take(folder)
  )()
  expect(readdirSync(folder)).toEqual([])
})

test('of many that want it at once, one gets it', async () => {
  const folder = temporaryFolder()
  const taken = await Promise.allSettled(Array.from({ length: 20 }, () => take(folder)))
  expect(taken.filter(({ status }) => status === 'fulfilled').length).toBe(1)
})

test('B16: a running process keeps its lock, with pid, path and since when in the error; a killed one loses it', async () => {
  const folder = temporaryFolder()
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const start = await nodeFiles.startOf(child.pid!)
  writeFileSync(join(folder, '.lock'), JSON.stringify({ ...(await nodeFiles.self()), pid: child.pid, start, since: NOW }))
  const began = performance.now()
  await expect(take(folder)).rejects.toMatchObject({
    code: 'STATE_DIR_LOCKED',
    message: expect.stringMatching(new RegExp(`${folder}.*process ${child.pid}.*since 2026-01-02`)),
  })
  expect(performance.now() - began).toBeLessThan(1000)
  const ended = new Promise((resolve) => {
    child.on('exit', resolve)
  })
  child.kill('SIGKILL')
  await ended
  const { logger, events } = recordedLog()
  const release = await takeLock(folder, { files: nodeFiles, logger, now: NOW })
  expect(events).toMatchObject([{ level: 'warn', fields: { pid: child.pid } }])
  expect(JSON.parse(readFileSync(join(folder, '.lock'), 'utf8'))).toMatchObject({ pid: process.pid })
  await release()
  expect(readdirSync(folder)).toEqual([])
})

const US: ProcessStamp = { pid: 10, start: '500', host: 'here', boot: 'b1' }
/** This machine, with processes 10 (us, started at 500) and 11 (started at 600). */
const machine = (boot = 'b1', starts: Readonly<Record<number, string>> = { 10: '500', 11: '600' }): Files => ({
  ...nodeFiles,
  self: () => Promise.resolve({ ...US, boot }),
  startOf: (pid) => Promise.resolve(starts[pid]),
})

test.each([
  ['a process that runs', { pid: 11, start: '600', host: 'here', boot: 'b1' }, machine(), true],
  ['a process id that was given again', { pid: 11, start: '550', host: 'here', boot: 'b1' }, machine(), false],
  ['a process that ended', { pid: 12, start: '1', host: 'here', boot: 'b1' }, machine(), false],
  ['our own id before a restart of the container', { pid: 10, start: '400', host: 'here', boot: 'b1' }, machine(), false],
  ['this process', US, machine(), true],
  ['a process from before the machine was restarted', { pid: 11, start: '600', host: 'here', boot: 'b0' }, machine(), false],
  ['another container that is gone', { pid: 12, start: '1', host: 'there', boot: 'b1' }, machine(), false],
  ['another machine', { pid: 12, start: '1', host: 'there', boot: 'b9' }, machine(), true],
  ['a process where the system tells no start', { pid: 11, start: '', host: 'here', boot: '' }, machine('', { 11: '' }), true],
  ['an ended process where the system tells no start', { pid: 12, start: '', host: 'here', boot: '' }, machine('', { 11: '' }), false],
] as const)('a lock of %s', async (_, holder, files, stays) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, '.lock'), JSON.stringify({ ...holder, since: NOW }))
  if (stays) await expect(take(folder, files)).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' })
  else await (await take(folder, files))()
  expect(existsSync(join(folder, '.lock'))).toBe(stays)
})

test('a lock that is no lock is taken over', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, '.lock'), '{"pid":')
  await (
    await take(folder)
  )()
})

test('somebody who took the dead lock first keeps it', async () => {
  const folder = temporaryFolder()
  const path = join(folder, '.lock')
  const dead = JSON.stringify({ pid: 12, start: '1', host: 'here', boot: 'b1', since: 1 })
  const theirs = JSON.stringify({ pid: 11, start: '600', host: 'here', boot: 'b1', since: 2 })
  writeFileSync(path, dead)
  const files: Files = {
    ...machine(),
    // Between looking at the dead lock and moving it away, process 11 takes it.
    rename: async (from, to) => {
      writeFileSync(path, theirs)
      await nodeFiles.rename(from, to)
    },
  }
  await expect(take(folder, files)).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED', message: expect.stringContaining('process 11') })
  expect(readFileSync(path, 'utf8')).toBe(theirs)
})

test('a lock that somebody else has taken meanwhile is not given back', async () => {
  const folder = temporaryFolder()
  const release = await take(folder)
  writeFileSync(join(folder, '.lock'), 'theirs')
  await release()
  expect(readFileSync(join(folder, '.lock'), 'utf8')).toBe('theirs')
})
