/** `npm run example NN`: runs the example of that number; without one, lists them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../examples')
const names = readdirSync(folder)
  .filter((name) => /^\d\d-.*\.ts$/.test(name))
  .sort()
const [wanted] = process.argv.slice(2)
const found = wanted === undefined ? undefined : names.find((name) => name.startsWith(`${wanted.padStart(2, '0')}-`))

if (found !== undefined) await import(join(folder, found))
else {
  if (wanted !== undefined) console.error(`there is no example ${wanted}`)
  for (const name of names) console.log(`npm run example ${name.slice(0, 2)}   ${firstComment(name)}`)
  process.exitCode = wanted === undefined ? 0 : 1
}

function firstComment(name: string): string {
  return readFileSync(join(folder, name), 'utf8')
    .split('\n')[0]
    .replace(/^\/\/ /, '')
}
