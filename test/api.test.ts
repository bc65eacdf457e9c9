import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const EXPECTED = join(ROOT, 'test/api.txt')

test('the public names are those of the list; UPDATE_API=1 writes it anew', () => {
  const found = ['index', 'testing'].flatMap((entry) =>
    names(readFileSync(join(ROOT, `src/${entry}.ts`), 'utf8')).map((name) => `${entry} ${name}`),
  )
  if (process.env['UPDATE_API'] === '1') writeFileSync(EXPECTED, `${found.join('\n')}\n`)
  expect(found).toEqual(readFileSync(EXPECTED, 'utf8').trimEnd().split('\n'))
})

function names(text: string): string[] {
  return [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)]
    .flatMap(([, list]) => list!.split(',').map((name) => name.trim()))
    .filter((name) => name !== '')
    .sort()
}
