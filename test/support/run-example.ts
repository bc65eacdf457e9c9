/** Runs an example as someone who has just installed the project would, with or without a Kafka. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const FOLDER = join(ROOT, 'examples')

/** The numbered examples. */
export const examples: readonly string[] = readdirSync(FOLDER).filter((name) => /^\d\d-.*\.ts$/.test(name))

/** What an example must print. */
export function expectedOf(name: string): string {
  return readFileSync(join(FOLDER, 'expected', `${name.slice(0, 2)}.txt`), 'utf8')
}

/** An example's source. */
export function sourceOf(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8')
}

/** Runs an example to its end, with these variables besides those there are; KAFKA_BROKERS is among them only if it is named. */
export function runExample(
  name: string,
  variables: Readonly<Record<string, string>> = {},
): { readonly stdout: string; readonly stderr: string; readonly status: number | null } {
  const { KAFKA_BROKERS: _, ...rest } = process.env
  // The checkout may lie below the folder for temporary files, which a state directory is warned of.
  const temporary = mkdtempSync(join(tmpdir(), 'millrace-example-'))
  const env = { ...rest, TMPDIR: temporary, ...variables }
  try {
    return spawnSync(process.execPath, ['--import', 'tsx', join(FOLDER, name)], { cwd: ROOT, encoding: 'utf8', input: '', env })
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}
