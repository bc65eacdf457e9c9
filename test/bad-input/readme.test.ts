import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const TESTS = join(import.meta.dirname, '..')
const ROWS = Array.from({ length: 86 }, (_, i) => `B${i + 1}`)

interface Row {
  readonly id: string
  /** Test files without their ending, below `test/`. */
  readonly files: readonly string[]
  readonly text: string
}

const rows = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
  .split('\n')
  .flatMap((line): Row[] => {
    const [, id, , text] = /^\| ([A-Z]+\d+) \| (.+?) \| (.+?) \|$/.exec(line) ?? []
    return id === undefined || text === undefined
      ? []
      : [{ id, text, files: [...text.matchAll(/`([a-z0-9-]+(?:\/[a-z0-9-]+)+)`/g)].map(([, file]) => file!) }]
  })

/** The numbers with which tests of a file begin. */
function numbersIn(file: string): ReadonlySet<string> {
  const text = readFileSync(join(TESTS, `${file}.test.ts`), 'utf8')
  return new Set([...text.matchAll(/(?:\(|\[|^ +)['"`]([A-Z]+\d+)(?:: |['"`])/gm)].map(([, id]) => id!))
}

test('every number has one row, in order', () => {
  expect(rows.map(({ id }) => id).filter((id) => id.startsWith('B'))).toEqual(ROWS)
})

test('every row names files whose tests begin with its number, or says why there is none', () => {
  const wrong = rows.flatMap(({ id, files, text }) => {
    if (files.length === 0) return /^not yet: .{12}|^as B\d+$/.test(text) ? [] : [`${id} says neither where nor why`]
    return files.filter((file) => !numbersIn(file).has(id)).map((file) => `${file} has no test ${id}`)
  })
  expect(wrong).toEqual([])
})

test('every numbered test of this folder is in its row', () => {
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts'))
  const wrong = names.flatMap((name) => {
    const file = `bad-input/${name.replace('.test.ts', '')}`
    return [...numbersIn(file)]
      .filter((id) => !rows.some((row) => row.id === id && row.files.includes(file)))
      .map((id) => `${id} in ${file}`)
  })
  expect(wrong).toEqual([])
})
