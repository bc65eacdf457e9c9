/**
 * Data folders that brokers of KRaft start on. Formatting one takes a JVM and some two seconds, so the result is kept as a template by version, features
 * and users, and a broker gets a copy with its own number and ids.
 */
import { createHash, randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LIBS, run } from './jars.ts'
import type { KafkaOptions } from './start-kafka.ts'

/** Answers the folder of a template; makes it where there is none. `settings` is the file of one broker's settings. */
export async function template(classPath: string, settings: string, options: KafkaOptions): Promise<string> {
  const features = Object.entries(options.features ?? {}).flatMap(([name, level]) => ['--feature', `${name}=${level}`])
  const users = (options.scram ?? []).flatMap((user) => ['--add-scram', user])
  const name = createHash('sha256')
    .update(JSON.stringify([classPath, features, users]))
    .digest('hex')
    .slice(0, 16)
  const folder = join(LIBS, 'templates', name)
  if (existsSync(folder)) return folder
  mkdirSync(join(LIBS, 'templates'), { recursive: true })
  const fresh = mkdtempSync(`${folder}.`)
  const file = join(fresh, 'format.properties')
  const data = join(fresh, 'data')
  writeFileSync(
    file,
    readFileSync(settings, 'utf8').replace(/^log\.dirs=.*$/m, () => `log.dirs=${data}`),
  )
  const format = ['kafka.tools.StorageTool', 'format', '-t', randomId(), '-c', file, ...features, ...users]
  await run('java', ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', classPath, ...format])
  // Another test process may have been faster.
  if (!existsSync(folder)) renameSync(data, folder)
  rmSync(fresh, { recursive: true })
  return folder
}

/** Copies a template into the data folder of a broker. */
export function copyTemplate(from: string, to: string, clusterId: string, node: number): void {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name))
  const file = join(to, 'meta.properties')
  const meta = readFileSync(file, 'utf8')
    .replace(/^node\.id=.*$/m, `node.id=${node}`)
    .replace(/^cluster\.id=.*$/m, `cluster.id=${clusterId}`)
    .replace(/^directory\.id=.*$/m, `directory.id=${randomId()}`)
  writeFileSync(file, meta)
}

/** An id as Kafka makes them: 16 bytes in base64. It begins with a letter: with a dash it would read as an option. */
export function randomId(): string {
  return `m${randomBytes(16).toString('base64url').slice(1)}`
}
