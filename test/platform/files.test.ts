import { spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFiles } from '../../src/platform/files.ts'
import { temporaryFolder } from '../support/engine-cases.ts'

test('a file is made once, whole, and leaves no draft behind', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'a.json')
  const made = await Promise.all(Array.from({ length: 20 }, (_, i) => nodeFiles.create(path, `text ${i}`)))
  expect(made.filter(Boolean).length).toBe(1)
  expect(await nodeFiles.read(path)).toBe(`text ${made.indexOf(true)}`)
  expect(readdirSync(folder)).toEqual(['a.json'])
})

test.skipIf(process.platform === 'win32')('folders and files are not for everybody', async () => {
  const folder = join(temporaryFolder(), 'a/b')
  await nodeFiles.makeFolder(folder)
  await nodeFiles.makeFolder(folder)
  await nodeFiles.create(join(folder, 'c'), '')
  expect(statSync(folder).mode & 0o027).toBe(0)
  expect(statSync(join(folder, 'c')).mode & 0o137).toBe(0)
})

test('what is not there reads as undefined, and removing it is fine', async () => {
  const path = join(temporaryFolder(), 'nothing')
  expect(await nodeFiles.read(path)).toBeUndefined()
  expect(await nodeFiles.kindOf(path)).toBe('nothing')
  await nodeFiles.remove(path)
})

test.skipIf(process.platform === 'win32')('links are told apart and not followed', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'secret'), 'x')
  symlinkSync(join(folder, 'secret'), join(folder, 'link'))
  expect(await nodeFiles.kindOf(join(folder, 'link'))).toBe('link')
  expect(await nodeFiles.kindOf(join(folder, 'secret'))).toBe('file')
  expect(await nodeFiles.kindOf(folder)).toBe('folder')
  await expect(nodeFiles.read(join(folder, 'link'))).rejects.toMatchObject({ code: 'ELOOP' })
  await nodeFiles.remove(join(folder, 'link'))
  expect(existsSync(join(folder, 'secret'))).toBe(true)
})

test('a process is known by its id and start while it runs, and not after', async () => {
  const self = await nodeFiles.self()
  expect(self.pid).toBe(process.pid)
  expect(await nodeFiles.startOf(process.pid)).toBe(self.start)
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  expect(await nodeFiles.startOf(child.pid!)).toBeDefined()
  const ended = new Promise((resolve) => {
    child.on('exit', resolve)
  })
  child.kill('SIGKILL')
  await ended
  expect(await nodeFiles.startOf(child.pid!)).toBeUndefined()
})
