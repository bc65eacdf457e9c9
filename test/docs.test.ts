import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const blocks = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'].flatMap((file) => {
  const parts = [...readFileSync(join(ROOT, file), 'utf8').matchAll(/```(\S+)( run)?\n([\s\S]*?)```/g)].map(([, language, run, text]) => ({
    language,
    run: run !== undefined,
    text: text!,
  }))
  return parts.flatMap((part, i) =>
    part.language === 'ts'
      ? [{ name: `${file} block ${i + 1}`, ...part, prints: parts[i + 1]?.language === 'text' ? parts[i + 1]!.text : undefined }]
      : [],
  )
})

test('the documents have snippets', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(3)
})

test('every snippet type-checks under strict', { timeout: 60_000 }, () => {
  within((folder) => {
    for (const [i, { text }] of blocks.entries()) writeFileSync(join(folder, `${i}.ts`), `${text}\nexport {}\n`)
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
})

test.each(blocks.filter(({ run }) => run))('$name prints what the page says', { timeout: 60_000 }, ({ text, prints }) => {
  within((folder) => {
    const file = join(folder, 'snippet.ts')
    writeFileSync(file, text)
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', file], { cwd: ROOT, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout).toBe(prints)
  })
})

/** A folder inside the project, so that its tsconfig applies; gone afterwards. */
function within(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(ROOT, '.snippets-'))
  try {
    work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
