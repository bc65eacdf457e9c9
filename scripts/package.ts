/**
 * `npm run test:package [-- VERSION…]`: packs, installs the packed file in an empty folder, and runs a program there on the oldest Node that is supported
 * and the current ones, which npm brings. The program checks that importing the package loads neither native code nor the Kafka client, then counts words
 * in the test driver and on the in-process broker. Ends with `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const versions = process.argv.length > 2 ? process.argv.slice(2) : ['20.19.0', '22', '24']

const program = `
import { createRequire } from 'node:module'
const before = performance.now()
const { KafkaStreams, memoryBroker, serdes, StreamsBuilder, topic } = await import('millrace')
const importMs = performance.now() - before
const loaded = Object.keys(createRequire(import.meta.url).cache)
const wrong = loaded.filter((file) => /kafkajs|rocksdb|level|\\.node$/.test(file))
if (wrong.length > 0) throw new Error('importing the package loaded ' + wrong.join(', '))
const { TopologyTestDriver } = await import('millrace/testing')

const lines = topic('lines', { key: serdes.string, value: serdes.string })
const counts = topic('counts', { key: serdes.string, value: serdes.long })
const builder = new StreamsBuilder()
builder.stream(lines).flatMapValues((line) => line.split(' ')).groupBy((word) => word, { key: serdes.string, value: serdes.string }).count().toStream().to(counts)
const topology = builder.build()
const driver = new TopologyTestDriver(topology, { partitions: 3 })
driver.input(lines).send({ key: 'k', value: 'to be or not to be', timestamp: 0 })
const last = new Map(driver.output(counts).readAll().map(({ key, value }) => [key, value]))
driver.close()

const broker = memoryBroker('package')
await broker.produce(lines, { value: 'to be or not to be' })
const app = new KafkaStreams(topology, { applicationId: 'package', brokers: 'memory:package' })
await app.start()
const found = new Map()
for await (const { key, value } of broker.read(counts, { quietMs: 500 })) found.set(key, value)
const { clean } = await app.close()
broker.close()
for (const answer of [last, found])
  if (JSON.stringify([...answer].sort()) !== '[["be",2],["not",1],["or",1],["to",2]]') throw new Error('wrong counts: ' + JSON.stringify([...answer]))
if (!clean) throw new Error('the application did not close cleanly')
console.log(process.version + ': imported in ' + importMs.toFixed(0) + ' ms, counted twice')
`

const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'))
let failed = 0
try {
  run(process.cwd(), 'npm', ['run', '--silent', 'build'])
  run(process.cwd(), 'npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder])
  const packed = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', version: '1.0.0', type: 'module', private: true }))
  writeFileSync(join(folder, 'app.mjs'), program)
  run(folder, 'npm', ['install', '--silent', '--no-audit', '--no-fund', `./${packed}`])
  for (const version of versions) {
    const { status } = spawnSync('npx', ['--yes', `node@${version}`, 'app.mjs'], { cwd: folder, stdio: 'inherit' })
    if (status !== 0) failed++
  }
} finally {
  rmSync(folder, { recursive: true })
}
console.log(`${versions.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function run(cwd: string, command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (status !== 0) throw new Error(`${command} ${args[0] ?? ''} failed`)
}
