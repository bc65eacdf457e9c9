/**
 * `npm run prepack`: builds, then looks at the package as a user would get it: publint and attw read the packed file, knip looks for what nobody
 * uses. It packs without scripts, so `npm pack`, which runs this first, doesn't run it for ever.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'millrace-pack-'))
try {
  rmSync('dist', { recursive: true, force: true })
  run('npm', ['run', '--silent', 'build'])
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder])
  const packed = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '')
  run('publint', ['run', packed, '--strict'])
  run('attw', [packed, '--profile', 'esm-only'])
  run('knip', ['-t', 'tsconfig.build.json'])
} finally {
  rmSync(folder, { recursive: true })
}

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${command} found something wrong`)
}
