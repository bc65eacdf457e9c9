/**
 * Chooses the engine on disk: RocksDB, else LevelDB where its binary doesn't load, with one warning. Native code is loaded here and only here, when
 * the first persistent store opens.
 */
import { StateError } from '../base/errors.ts'
import type { OpenEngine } from '../state/engine.ts'

/** The engines on disk that come with the library. */
export type DiskEngine = 'rocksdb' | 'level'

/** An engine that can be opened, and its name as it is written into directories. */
export interface ChosenEngine {
  readonly name: DiskEngine
  readonly open: OpenEngine
}

/** How an engine's binary is loaded. */
export type LoadEngine = () => Promise<OpenEngine>

/** Told once, when the wanted engine doesn't load and the other one is taken. */
export type EngineFallback = (
  fields: { readonly code: 'ENGINE_FALLBACK'; readonly platform: string; readonly cause: string },
  message: string,
) => void

/** The engines by name. */
export const ENGINES: Readonly<Record<DiskEngine, LoadEngine>> = {
  rocksdb: async () => (await import('./rocksdb-engine.ts')).openRocksdb,
  level: async () => (await import('./level-engine.ts')).openLevel,
}

const PACKAGES: Readonly<Record<DiskEngine, string>> = { rocksdb: 'rocksdb-native', level: 'classic-level' }

/**
 * The engine wanted, or LevelDB in place of RocksDB. Throws `STATE_ENGINE_MISSING` when neither loads, or when LevelDB was asked for by name and
 * doesn't.
 */
export async function chooseEngine(
  wanted: DiskEngine,
  fallback: EngineFallback,
  engines: Readonly<Record<DiskEngine, LoadEngine>> = ENGINES,
): Promise<ChosenEngine> {
  try {
    return { name: wanted, open: await engines[wanted]() }
  } catch (cause) {
    if (wanted === 'level') throw missing(['level'], cause)
    const open = await engines.level().catch((second: unknown) => {
      throw missing(['rocksdb', 'level'], new AggregateError([cause, second], `${messageOf(cause)}; ${messageOf(second)}`))
    })
    fallback(
      { code: 'ENGINE_FALLBACK', platform: platform(), cause: messageOf(cause) },
      `state is kept with LevelDB, because RocksDB's binary doesn't load here. For RocksDB: npm install ${PACKAGES.rocksdb}, on Linux with libatomic1 and glibc 2.34 or later; or say engine: 'level' to have it so`,
    )
    return { name: 'level', open }
  }
}

function missing(engines: readonly DiskEngine[], cause: unknown): StateError {
  const packages = engines.map((engine) => PACKAGES[engine]).join(' ')
  return new StateError(
    'STATE_ENGINE_MISSING',
    `no storage engine loads on ${platform()}: ${messageOf(cause)}. Run npm install ${packages}, or say engine: 'memory' to restore from changelogs at each start`,
    { cause },
  )
}

function platform(): string {
  return `${process.platform}-${process.arch}, node ${process.version}`
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.split('\n')[0]! : String(cause)
}
