import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { topology } from './support/forty-steps.ts'

const ROOT = join(import.meta.dirname, '..')
const EXPECTED = join(ROOT, 'test/api.txt')

/** What checking the topology of forty steps may cost, against the declarations that users get: 1.3 times what it cost when this was written. */
const BUDGET = { Instantiations: 9_200, Types: 4_770 }

test('the public names are those of the list; UPDATE_API=1 writes it anew', () => {
  const found = ['index', 'testing'].flatMap((entry) =>
    names(readFileSync(join(ROOT, `src/${entry}.ts`), 'utf8')).map((name) => `${entry} ${name}`),
  )
  if (process.env['UPDATE_API'] === '1') writeFileSync(EXPECTED, `${found.join('\n')}\n`)
  expect(found).toEqual(readFileSync(EXPECTED, 'utf8').trimEnd().split('\n'))
})

test('a topology of forty steps is checked within its budget of types and instantiations', { timeout: 120_000 }, () => {
  expect(topology.nodes.size).toBeGreaterThanOrEqual(40)
  const folder = mkdtempSync(join(ROOT, '.types-'))
  try {
    const built = join(folder, 'dist')
    tsc(['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', built, '--emitDeclarationOnly', '--noCheck'])
    const program = readFileSync(join(ROOT, 'test/support/forty-steps.ts'), 'utf8').replace('../../src/index.ts', 'millrace')
    writeFileSync(join(folder, 'forty-steps.ts'), program)
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project('forty-steps.ts', built)))
    // One thread: several would count what they share several times.
    const text = tsc(['-p', folder, '--extendedDiagnostics', '--singleThreaded'])
    const cost = (what: keyof typeof BUDGET): number => Number(new RegExp(`^${what}:\\s+(\\d+)$`, 'm').exec(text)?.[1])
    for (const what of ['Instantiations', 'Types'] as const) {
      expect(cost(what)).toBeGreaterThan(1_000)
      expect(cost(what), what).toBeLessThanOrEqual(BUDGET[what])
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** A file alone, as a user's project: against the declarations. */
function project(file: string, declarations: string): object {
  const options = {
    isolatedDeclarations: false,
    declaration: false,
    rootDir: ROOT,
    paths: { millrace: [join(declarations, 'index.d.ts')] },
  }
  return { extends: '../tsconfig.json', compilerOptions: options, files: [file], include: [] }
}

function tsc(options: readonly string[]): string {
  const { stdout, status } = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...options], { encoding: 'utf8' })
  expect(status, stdout).toBe(0)
  return stdout
}

function names(text: string): string[] {
  return [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)]
    .flatMap(([, list]) => list!.split(',').map((name) => name.trim()))
    .filter((name) => name !== '')
    .sort()
}
