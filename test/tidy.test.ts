import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { layers, lintConfig } from './support/layers.ts'

const ROOT = join(import.meta.dirname, '..')
const table = layers(ROOT)
const sources = filesIn(join(ROOT, 'src')).map((path) => ({ path, name: relative(ROOT, path), text: readFileSync(path, 'utf8') }))
const everything = ['src', 'test', 'examples', 'benchmarks', 'scripts', 'docs', '.ci', '.github']
  .flatMap((folder) => filesIn(join(ROOT, folder)))
  .concat(
    readdirSync(ROOT)
      .filter((name) => /\.(md|json|ts)$/.test(name))
      .map((name) => join(ROOT, name)),
  )

test('the table of layers lists exactly the folders of src', () => {
  const folders = readdirSync(join(ROOT, 'src')).filter((name) => statSync(join(ROOT, 'src', name)).isDirectory())
  expect(table.map(({ folder }) => folder).sort()).toEqual(folders.sort())
})

test('the linter is configured from the table of layers', () => {
  expect(JSON.parse(readFileSync(join(ROOT, '.oxlintrc.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(lintConfig(table))))
})

test('a file imports only what its folder may', () => {
  const wrong = sources.flatMap(({ path, name, text }) => {
    const layer = table.find(({ folder }) => name.startsWith(`src/${folder}/`))
    if (layer === undefined) return []
    return relativeImports(text).flatMap((target) => {
      const to = relative(join(ROOT, 'src'), resolve(dirname(path), target))
      const allowed =
        to.startsWith(`${layer.folder}/`) || layer.imports.some((folder) => to === `${folder}.ts` || to.startsWith(`${folder}/`))
      return allowed ? [] : [`${name} imports ${to}`]
    })
  })
  expect(wrong).toEqual([])
})

test('a file has at most 400 lines and opens with a paragraph', () => {
  const wrong = sources.flatMap(({ name, text }) => {
    const long = text.split('\n').length > 401 ? [`${name} is too long`] : []
    return text.startsWith('/**') ? long : [...long, `${name} opens without a paragraph`]
  })
  expect(wrong).toEqual([])
})

test('a file with code has its test', () => {
  const missing = sources
    .filter(({ name, text }) => hasCode(text) && !existsSync(join(ROOT, 'test', name.replace(/^src\//, '').replace(/\.ts$/, '.test.ts'))))
    .map(({ name }) => name)
  expect(missing).toEqual([])
})

test('a class extends only Error and the library’s own errors', () => {
  const wrong = sources.flatMap(({ name, text }) =>
    [...text.matchAll(/class (\w+)(?:<[^{]*?>)? extends (\w+)/g)].flatMap(([, made, base]) =>
      base === 'Error' || base === 'StreamsError' ? [] : [`${name}: ${made} extends ${base}`],
    ),
  )
  expect(wrong).toEqual([])
})

test('names say what a thing is', () => {
  const forbidden = /^(?:I[A-Z][a-z]|Abstract[A-Z]|Base[A-Z])|(?:Impl|Helpers?|Utils?|Internal|Manager)$/
  const declared = sources.flatMap(({ name, text }) =>
    [...text.matchAll(/^export (?:abstract )?(?:class|interface|type|function|const|enum|namespace) (\w+)/gm)].map(([, found]) => ({
      name,
      found: found!,
    })),
  )
  expect(declared.filter(({ found }) => forbidden.test(found) || found === 'then')).toEqual([])
  const files = sources.filter(
    ({ name }) =>
      !/^src\/[a-z-]+\.ts$|^src\/(?:[a-z-]+\/)+[a-z0-9-]+\.ts$/.test(name) ||
      /(?:^|[/-])(?:utils?|helpers?|misc|info|manager|data)\.ts$/.test(name),
  )
  expect(files.map(({ name }) => name)).toEqual([])
})

test('what is exported is documented', () => {
  const wrong = sources.flatMap(({ name, text }) => {
    const lines = text.split('\n')
    return lines.flatMap((line, i) => {
      if (!/^export (?:async )?(?:abstract )?(?:class|interface|type \w+|function\*?|const) ?/.test(line)) return []
      // Overloads follow the one that is documented.
      const before = lines[i - 1] ?? ''
      return before.trim().endsWith('*/') || before.startsWith('export function') || before.trim().startsWith('//')
        ? []
        : [`${name}:${i + 1} ${line}`]
    })
  })
  expect(wrong).toEqual([])
})

test('there is no default export, no enum and no namespace', () => {
  expect(
    sources
      .filter(({ text }) => /^export default|^(?:export )?(?:const )?enum |^(?:export )?namespace /m.test(text))
      .map(({ name }) => name),
  ).toEqual([])
})

test('nothing outside operators looks at a step’s role but naming', () => {
  const wrong = sources.filter(
    ({ name, text }) => !name.startsWith('src/operators/') && /\brole\s*(?:===|!==)(?! undefined)|switch \([^)]*\brole\)/.test(text),
  )
  expect(wrong.map(({ name }) => name)).toEqual([])
})

test('nothing points to a path of somebody’s machine', () => {
  const wrong = everything
    .filter((path) => !path.endsWith('tidy.test.ts') && !path.includes('/test/conformance/traces/'))
    .filter((path) => /(?:^|[\s"'(`])\/(?:work|home|root|Users)\//m.test(readFileSync(path, 'utf8')))
  expect(wrong.map((path) => relative(ROOT, path))).toEqual([])
})

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|md|json|yml)$|^run$/.test(name))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}

function relativeImports(text: string): string[] {
  return [...text.matchAll(/(?:^|\n)(?:import|export)[^'\n]*(?:\n[^'\n]*)*?from '(\.[^']+)'/g)].map(([, target]) => target!)
}

/** True where something runs: types and interfaces alone need no test. */
function hasCode(text: string): boolean {
  const bare = text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^import[\s\S]*?from '[^']+'$/gm, '')
    .replaceAll(/^export (?:type )?\{[\s\S]*?\}(?: from '[^']+')?$/gm, '')
  return /^(?:export )?(?:async )?(?:function|class|const|let)\b/m.test(bare)
}
