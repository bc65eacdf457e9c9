import { expect, test } from 'vitest'
import { SerdeError } from '../../src/base/errors.ts'
import { undecodable, unencodable } from '../../src/model/serde-error.ts'

test('bytes that can’t be read are shown in hex, at most 64 of them', () => {
  const cause = new Error('inner')
  const error = undecodable('a thing', new Uint8Array(65).fill(0xab), 'expected another', cause)
  expect(error).toBeInstanceOf(SerdeError)
  expect(error).toMatchObject({ code: 'SERDE_DECODE', phase: 'deserialization', cause })
  expect(error.message).toBe(`65 bytes are not a thing: expected another (found ${'ab'.repeat(64)}…)`)
  expect(undecodable('a thing', new Uint8Array(64), 'expected another').message).toContain(`(found ${'00'.repeat(64)})`)
  expect(undecodable('a thing', new Uint8Array(1), 'expected another').message).toBe('1 byte is not a thing: expected another (found 00)')
})

test('a value that can’t be written is shown shortly, whatever it is', () => {
  const shown = (value: unknown): string => unencodable('a thing', value, 'give one').message.replace(' is not a thing: give one', '')
  const values = ['text', 'x'.repeat(100), 1.5, 5n, null, undefined, true, { secret: 1 }, [1, 2], new Date(0)]
  expect(values.map(shown)).toEqual([
    `'text'`,
    `'${'x'.repeat(64)}'`,
    '1.5',
    '5n',
    'null',
    'undefined',
    'true',
    'an object (Object)',
    'an object (Array)',
    'an object (Date)',
  ])
  expect(shown(Symbol('s'))).toBe('Symbol(s)')
  expect(shown(() => 'x'.repeat(1_000)).length).toBeLessThan(100)
  expect(unencodable('a thing', 1, 'give one')).toMatchObject({ code: 'SERDE_ENCODE', phase: 'serialization' })
})
