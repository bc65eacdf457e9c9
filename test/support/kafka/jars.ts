/** Kafka's own jars, fetched once by Maven into a folder of the project that git ignores. */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/** Where what was fetched and made once is kept. */
export const LIBS: string = join(import.meta.dirname, '.libs')

/** Why there can be no Kafka of a version here; undefined: there can. Jars that are there already need no Maven. */
export function missingKafka(version = '4.3.1'): string | undefined {
  const fetched = atHome(version) ?? join(LIBS, version)
  const needed = existsSync(fetched) ? ['java'] : ['java', 'mvn']
  const missing = needed.filter((command) => spawnSync(command, ['-version'], { stdio: 'ignore' }).status !== 0)
  if (missing.length === 0) return undefined
  return `skipped: no Kafka (set KAFKA_HOME or install a JDK and Maven; missing: ${missing.join(', ')})`
}

/** The jars of an installed Kafka, which stands for the newest version. */
function atHome(version: string): string | undefined {
  const home = process.env['KAFKA_HOME']
  return home === undefined || home === '' || version !== '4.3.1' ? undefined : join(home, 'libs')
}

/** The class path of a version's jars. Throws when Maven can't fetch them. */
export async function kafkaClassPath(version: string): Promise<string> {
  const home = atHome(version)
  if (home !== undefined) return join(home, '*')
  const folder = join(LIBS, version)
  if (!existsSync(folder)) {
    mkdirSync(LIBS, { recursive: true })
    const fresh = join(LIBS, `${version}.${process.pid}`)
    await run('mvn', [
      '-q',
      '-B',
      '-f',
      join(import.meta.dirname, 'pom.xml'),
      'dependency:copy-dependencies',
      `-Dkafka.version=${version}`,
      `-DoutputDirectory=${fresh}`,
    ])
    // Another test process may have been faster.
    if (existsSync(folder)) rmSync(fresh, { recursive: true })
    else renameSync(fresh, folder)
    if (readdirSync(folder).length === 0) throw new Error(`Maven fetched no jars of Kafka ${version}`)
  }
  return join(folder, '*')
}

/** Compiles a Java file, and those beside it that it names, against jars, where that hasn't been done; answers the class path to run it on. */
export async function compiled(source: string, jars: string): Promise<string> {
  const sources = dirname(source)
  const hash = createHash('sha256').update(jars).update(source)
  for (const file of readdirSync(sources).sort()) if (file.endsWith('.java')) hash.update(readFileSync(join(sources, file)))
  const name = hash.digest('hex').slice(0, 16)
  const folder = join(LIBS, 'classes', name)
  if (!existsSync(folder)) {
    const fresh = `${folder}.${process.pid}`
    mkdirSync(fresh, { recursive: true })
    await run('javac', ['-nowarn', '-encoding', 'UTF-8', '-cp', jars, '-sourcepath', sources, '-d', fresh, source])
    // Another test process may have been faster.
    if (existsSync(folder)) rmSync(fresh, { recursive: true })
    else renameSync(fresh, folder)
  }
  return `${folder}${delimiter}${jars}`
}

/** Runs a program to its end; answers what it wrote. Rejects with its errors. */
export function run(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let out = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(out)
      else reject(new Error(`${command} ${args.slice(0, 6).join(' ')} ended with ${code}: ${errors}${out}`))
    })
    child.stdin.end(input)
  })
}
