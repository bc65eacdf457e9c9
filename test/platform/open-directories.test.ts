import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { claimDirectory } from '../../src/platform/open-directories.ts'
import { temporaryFolder } from '../support/engine-cases.ts'

test('a directory is taken once, by whatever name, until it is given back', () => {
  const folder = temporaryFolder()
  const directory = join(folder, 'a', 'db')
  const release = claimDirectory(directory)
  symlinkSync(directory, join(folder, 'alias'))
  expect(() => claimDirectory(directory)).toThrow(expect.objectContaining({ code: 'STATE_DIR_LOCKED' }))
  expect(() => claimDirectory(join(folder, 'alias'))).toThrow(expect.objectContaining({ code: 'STATE_DIR_LOCKED' }))
  release()
  claimDirectory(directory)()
})
