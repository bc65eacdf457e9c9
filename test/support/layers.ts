/** The layers of ARCHITECTURE.md's table, and the linter's configuration that follows from them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One folder of `src`: its layer, and the folders it may import from besides itself. */
export interface Layer {
  readonly folder: string
  readonly number: number
  readonly imports: readonly string[]
}

/** Reads the table: rows `| number | folder/ | files | may import |`. */
export function layers(root: string): readonly Layer[] {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  return [...text.matchAll(/^\| (\d) \| `([a-z-]+)\/` \|[^|]*\| ([^|]*) \|$/gm)].map(([, number, folder, imports]) => ({
    number: Number(number),
    folder: folder!,
    imports: imports!.includes('nothing') ? [] : [...imports!.matchAll(/`([a-z/-]+?)`/g)].map(([, name]) => name!),
  }))
}

/** Layers whose files must not touch a platform: no clock, timer, randomness or Node. */
const CORE = 5

const GLOBALS = [
  'process',
  'Buffer',
  'console',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'Date',
  'performance',
  'crypto',
  'globalThis',
  'global',
  'fetch',
  'structuredClone',
]

/** The configuration of oxlint. */
export function lintConfig(table: readonly Layer[]): object {
  const core = table.filter(({ number }) => number <= CORE).map(({ folder }) => folder)
  return {
    plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise'],
    categories: { correctness: 'error', suspicious: 'error' },
    options: { typeAware: true },
    rules: {
      'import/no-cycle': ['error', { ignoreTypes: true }],
      'import/no-default-export': 'error',
      'typescript/no-explicit-any': 'error',
      'typescript/no-floating-promises': 'error',
      'typescript/switch-exhaustiveness-check': 'error',
      'typescript/no-unsafe-type-assertion': 'error',
      'typescript/no-misused-promises': 'error',
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70 }],
      'max-params': ['error', { max: 4 }],
      'max-depth': ['error', { max: 3 }],
      complexity: ['error', { max: 12 }],
      'typescript/consistent-return': 'off',
      // Look-ups claim a type that only the caller knows, in the few functions that say why that is sound.
      'typescript/no-unnecessary-type-parameters': 'off',
      'unicorn/consistent-function-scoping': 'off',
      // Sorting a copy that was just made is what these loops do; `toSorted` would copy it once more.
      'unicorn/no-array-sort': 'off',
      'unicorn/no-array-reverse': 'off',
      'import/no-unassigned-import': 'off',
      // A loop that must take one step after another awaits in it, and iterators are handed on as they are.
      'no-await-in-loop': 'off',
    },
    overrides: [
      {
        files: [`src/{${core.join(',')}}/**/*.ts`],
        rules: {
          'no-restricted-globals': ['error', ...GLOBALS],
          'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
          'import/no-nodejs-modules': 'error',
        },
      },
      ...table.map(({ folder, imports }) => ({
        files: [`src/${folder}/**/*.ts`],
        rules: { 'no-restricted-imports': ['error', { patterns: [layerPattern(folder, imports)] }] },
      })),
      {
        files: ['test/**/*.ts', 'examples/**/*.ts', 'benchmarks/**/*.ts', 'scripts/**/*.ts'],
        rules: {
          'max-lines-per-function': 'off',
          'typescript/no-unsafe-type-assertion': 'off',
          'typescript/no-unsafe-call': 'off',
          'max-params': 'off',
          complexity: 'off',
          'unicorn/no-process-exit': 'off',
        },
      },
    ],
  }
}

/** Everything is refused but the folder's own files, its subfolders' way up, and the folders it may import (npm packages are the knip's and the tidy test's). */
function layerPattern(folder: string, imports: readonly string[]): object {
  const allowed = imports.map((name) => (name.includes('/') ? `!../**/${name}.ts` : `!../**/${name}/**`))
  return {
    group: ['../**', ...allowed, `!../**/${folder}/**`, '!../*.ts'],
    message: `${folder} may import: ${imports.join(', ') || 'nothing'}`,
  }
}
