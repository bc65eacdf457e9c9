import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  CogroupedKStream,
  KGroupedStream,
  KGroupedTable,
  KStream,
  KTable,
  SessionWindowedKStream,
  StreamsBuilder,
  WindowedKStream,
} from '../src/index.ts'

const ROOT = join(import.meta.dirname, '..')
const blocks = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'docs/api.md'].flatMap((page) => snippetsOf(page))

/** What handles have for each other, not for users. */
const OWN = new Set(['constructor', 'reader', 'cogroupInput'])

/** A block of code of a page. */
interface Snippet {
  readonly page: string
  readonly name: string
  /** With what all snippets of its page begin with. */
  readonly text: string
  /** What the page says it prints. */
  readonly prints: string | undefined
}

let folder: string
/** What each snippet printed. */
let printed: readonly string[] = []

beforeAll(() => {
  // Inside the project, so that its tsconfig applies.
  folder = mkdtempSync(join(ROOT, '.snippets-'))
  for (const [i, { text }] of blocks.entries()) writeFileSync(join(folder, `${i}.ts`), `${text}\nexport {}\n`)
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

test('the documents have snippets', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(12)
})

test('every snippet type-checks under strict', { timeout: 60_000 }, () => {
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: '../tsconfig.json',
      compilerOptions: {
        noUnusedLocals: false,
        isolatedDeclarations: false,
        declaration: false,
        paths: { millrace: ['../src/index.ts'], 'millrace/testing': ['../src/testing.ts'] },
      },
      files: blocks.map((_, i) => `${i}.ts`),
      include: [],
    }),
  )
  const { stdout, status } = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder], {
    encoding: 'utf8',
  })
  expect(stdout).toBe('')
  expect(status).toBe(0)
})

test('all snippets run, one after another, and the process ends', { timeout: 120_000 }, () => {
  writeFileSync(join(folder, 'all.ts'), blocks.map((_, i) => `process.stdout.write('\\0')\nawait import('./${i}.ts')\n`).join(''))
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', join(folder, 'all.ts')], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  printed = stdout.split('\0').slice(1)
})

test.each(blocks.map(({ name, prints }, i) => [name, prints, i] as const))('%s prints what the page says', (_name, prints, i) => {
  expect(printed[i]).toBe(prints ?? '')
})

test('the reference names every step there is', () => {
  const text = readFileSync(join(ROOT, 'docs/api.md'), 'utf8')
  const handles = [
    KStream,
    KTable,
    KGroupedStream,
    KGroupedTable,
    WindowedKStream,
    SessionWindowedKStream,
    CogroupedKStream,
    StreamsBuilder,
  ]
  const steps = handles.flatMap((handle) => Object.getOwnPropertyNames(handle.prototype)).filter((name) => !OWN.has(name))
  expect(steps.length).toBeGreaterThan(60)
  expect([...new Set(steps)].filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([])
})

/** The TypeScript of a page: a block behind `ts prelude` begins all others, a block of text behind one is what it prints. */
function snippetsOf(page: string): Snippet[] {
  const parts = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/```(\S+)( prelude)?[^\n]*\n([\s\S]*?)```/g)]
  const prelude = parts.find(([, language, isPrelude]) => language === 'ts' && isPrelude !== undefined)?.[3] ?? ''
  return parts.flatMap(([, language, isPrelude, text], i) => {
    if (language !== 'ts' || isPrelude !== undefined) return []
    const next = parts[i + 1]
    return [{ page, name: `${page} block ${i + 1}`, text: `${prelude}\n${text!}`, prints: next?.[1] === 'text' ? next[3]! : undefined }]
  })
}
