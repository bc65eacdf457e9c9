import { expect, test } from 'vitest'
import { StoreUnavailableError } from '../../src/base/errors.ts'
import { engineClosed, engineError, type EngineCall } from '../../src/platform/engine-errors.ts'

const call = (doing: EngineCall['doing']): EngineCall => ({ engine: 'rocksdb', directory: 'state/0_1/db', doing })

test.each([
  ['open', 'IO error: lock state/0_1/db/LOCK: already held by process', 'STATE_DIR_LOCKED'],
  ['open', 'lock hold by current process', 'STATE_DIR_LOCKED'],
  ['open', 'CURRENT file does not end with newline', 'STATE_CORRUPT'],
  ['open', 'While opening a file: state/0_1/db/LOCK: Permission denied', 'STATE_DIR'],
  ['open', 'IO error: state/0_1/db/MANIFEST-000001: Read-only file system', 'STATE_DIR'],
  ['open', 'IO error: Too many open files', 'STATE_DISK'],
  ['read', 'block checksum mismatch', 'STATE_CORRUPT'],
  ['scan', 'bad block contents', 'STATE_CORRUPT'],
  ['write', 'IO error: No space left on device', 'STATE_DISK'],
  ['write', 'Corruption: block checksum mismatch', 'STATE_CORRUPT'],
  ['write', 'Input/output error', 'STATE_DISK'],
] as const)('S6: %s: "%s" is %s', (doing, text, code) => {
  expect(engineError(new Error(text), call(doing))).toMatchObject({ code, retriable: code === 'STATE_DISK' })
})

test('the text is looked for in causes and in collected errors, which the bindings wrap', () => {
  const wrapped = new Error('Batch was not applied', { cause: new Error('No space left on device') })
  expect(engineError(wrapped, call('write')).code).toBe('STATE_DISK')
  const collected = new AggregateError([undefined, new Error('Too many open files')], 'Batch was not applied')
  expect(engineError(collected, call('read')).code).toBe('STATE_DISK')
})

test('an error of the library passes as it is', () => {
  const error = engineClosed('level')
  expect(error).toBeInstanceOf(StoreUnavailableError)
  expect(engineError(error, call('read'))).toBe(error)
})
