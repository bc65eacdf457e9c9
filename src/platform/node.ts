/**
 * Node's side of things: standard streams, sockets, the state directory, the fast text codec, the compression codecs and the checksum. It is imported when an application starts, so that
 * tests of the core and browsers never load it.
 */
import { tmpdir } from 'node:os'
import { isAbsolute, relative, resolve } from 'node:path'
import { registerTextCodec } from '../base/text.ts'
import type { Transport } from '../kafka/lane.ts'
import type { Config } from '../runtime/config.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Security } from '../runtime/options.ts'
import type { Ports } from '../runtime/ports.ts'
import { openStateDirectory } from '../runtime/state-directory.ts'
import { memoryStores, type TaskStores } from '../runtime/task-stores.ts'
import { nodeFiles } from './files.ts'
import { registerNativeCrc32c } from './native-crc32c.ts'
import { chooseEngine } from './open-engine.ts'
import { registerZlibCodecs } from './zlib-codecs.ts'

/** Writes a line to standard error. */
export function writeError(line: string): void {
  process.stderr.write(`${line}\n`)
}

const noticed = new Set<string>()

/** Writes a line to standard error that concerns the whole process, not one application: once. */
export function writeNotice(line: string, write: (line: string) => void = writeError): void {
  if (noticed.has(line)) return
  noticed.add(line)
  write(line)
}

/** Writes a line to standard output. */
export function writeOut(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Where brokers are and how they are reached. */
export interface Connection {
  /** `host:port` each. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly security: Security | undefined
}

/** Lanes on sockets to these brokers. The sockets' code is loaded when it is needed. */
export async function openTransport(
  { brokers, clientId, security = {} }: Connection,
  ports: Pick<Ports, 'clock' | 'random'>,
): Promise<Transport> {
  const { socketTransport } = await import('./socket-transport.ts')
  return socketTransport({ ...ports, ...security, brokers, clientId })
}

/** The application's state directory, with the engine that its options say. Native code is loaded here. */
export async function openStores(config: Config, ports: Pick<Ports, 'clock' | 'random'>, logger: Logger): Promise<TaskStores> {
  if (config.engine === 'memory') return memoryStores(ports.random)
  if (isTemporary(config.stateDir))
    logger.warn(
      { stateDir: config.stateDir },
      `stateDir ${config.stateDir} is below the folder for temporary files, which the system may empty: all state would be restored from the changelogs then; choose another one`,
    )
  const engine = await chooseEngine(config.engine, (fields, message) => logger.warn(fields, message))
  return openStateDirectory({
    ...ports,
    files: nodeFiles,
    path: config.stateDir,
    applicationId: config.applicationId,
    logger,
    cleanupDelayMs: config.stateCleanupDelayMs,
    engine,
    engineOptions: { bytes: config.rocksdbMemoryBytes },
  })
}

function isTemporary(path: string): boolean {
  const inside = relative(resolve(tmpdir()), resolve(path))
  return inside === '' || (!inside.startsWith('..') && !isAbsolute(inside))
}

let registered = false

/** Registers, once a process, the platform's text and compression codecs and its checksum; none changes an answer. */
export function registerNode(): void {
  if (registered) return
  registered = true
  registerTextCodec({
    decode: (bytes, at, end) => read.of(bytes).utf8Slice(at, end),
    ascii: (bytes, at, end) => read.of(bytes).latin1Slice(at, end),
    encode: (text, into, at) => {
      const room = into.length - at
      if (3 * text.length > room && Buffer.byteLength(text) > room) return -1
      return written.of(into).utf8Write(text, at)
    },
  })
  registerZlibCodecs()
  registerNativeCrc32c()
}

interface SlicingBuffer extends Buffer {
  utf8Slice(start: number, end: number): string
  latin1Slice(start: number, end: number): string
  utf8Write(text: string, at: number): number
}

/** The last array, as a Buffer over the same memory: a batch is read, and another written, many records at a time. */
class LastView {
  #bytes: Uint8Array | undefined = undefined
  #view: SlicingBuffer | undefined = undefined

  of(bytes: Uint8Array): SlicingBuffer {
    if (bytes === this.#bytes && this.#view !== undefined) return this.#view
    this.#bytes = bytes
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's Buffer has these methods; its types leave them out
    this.#view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as SlicingBuffer
    return this.#view
  }
}

const read = new LastView()
const written = new LastView()
