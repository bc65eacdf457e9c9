/**
 * The nine error classes, and the one table that says to which class each code belongs. A class says who can act; a code says what happened;
 * a message says what happened, where, and what to do. The root class itself is thrown for our own mistakes only (`INVARIANT`).
 */

/** Where an error happened. Fields are there when they are known; `key` is hex, at most 64 bytes of it. */
export interface ErrorContext {
  readonly taskId?: string
  readonly node?: string
  readonly store?: string
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  readonly key?: string
}

/** What an error is made with, besides its code and message. */
export interface ErrorOptions {
  readonly cause?: unknown
  readonly retriable?: boolean
  readonly context?: ErrorContext
}

/** Which class each code belongs to. */
export const ERROR_CODES = {
  INVARIANT: 'StreamsError',
  TOPIC_INVALID: 'TopologyError',
  TOPIC_RESERVED: 'TopologyError',
  DUPLICATE_SOURCE: 'TopologyError',
  PATTERN_UNSAFE: 'TopologyError',
  COPARTITION: 'TopologyError',
  NAME_INVALID: 'TopologyError',
  NODE_DUPLICATE: 'TopologyError',
  NODE_UNKNOWN: 'TopologyError',
  STORE_NAME_INVALID: 'TopologyError',
  STORE_DUPLICATE: 'TopologyError',
  STORE_UNKNOWN: 'TopologyError',
  SERDE_MISSING: 'TopologyError',
  TOPOLOGY_CYCLE: 'TopologyError',
  TOPOLOGY_UNREACHABLE: 'TopologyError',
  TOPOLOGY_FROZEN: 'TopologyError',
  TOPOLOGY_EMPTY: 'TopologyError',
  TOPOLOGY_INVALID: 'TopologyError',
  BRANCH_INVALID: 'TopologyError',
  WINDOW_INVALID: 'TopologyError',
  WINDOW_RETENTION: 'TopologyError',
  SUPPRESS_UNWINDOWED: 'TopologyError',
  ARGUMENT_INVALID: 'TopologyError',
  CONFIG_REQUIRED: 'ConfigError',
  CONFIG_INVALID: 'ConfigError',
  CONFIG_UNKNOWN: 'ConfigError',
  CONFIG_RANGE: 'ConfigError',
  CONFIG_VALUE: 'ConfigError',
  CONFIG_CONFLICT: 'ConfigError',
  CONFIG_FORBIDDEN: 'ConfigError',
  CONFIG_INSECURE: 'ConfigError',
  ID_INVALID: 'ConfigError',
  STATE_ILLEGAL: 'ConfigError',
  SERDE_DECODE: 'SerdeError',
  SERDE_ENCODE: 'SerdeError',
  SERDE_LOSSY: 'SerdeError',
  SERDE_UNSAFE_INTEGER: 'SerdeError',
  TIMESTAMP_INVALID: 'SerdeError',
  PROCESSING_ERROR: 'ProcessingError',
  PROCESSOR_RESULT: 'ProcessingError',
  CALL_TIMEOUT: 'ProcessingError',
  CONTEXT_CLOSED: 'ProcessingError',
  CONTEXT_STALE: 'ProcessingError',
  UNKNOWN_CHILD: 'ProcessingError',
  STORE_NOT_CONNECTED: 'ProcessingError',
  MUTATED_INPUT: 'ProcessingError',
  HANDLER_RESULT: 'ProcessingError',
  POISON_LOOP: 'ProcessingError',
  REPLACEMENT_LIMIT: 'ProcessingError',
  SUPPRESS_FULL: 'ProcessingError',
  REPLAY_DIFFERS: 'ProcessingError',
  RECORD_TOO_LARGE: 'ProductionError',
  RECORD_INVALID: 'ProductionError',
  PARTITION_INVALID: 'ProductionError',
  PRODUCTION_ERROR: 'ProductionError',
  SOURCE_MISSING: 'ClusterError',
  INTERNAL_TOPIC_MISMATCH: 'ClusterError',
  INTERNAL_TOPIC_CONFIG: 'ClusterError',
  PARTITIONS_CHANGED: 'ClusterError',
  ACL_DENIED: 'ClusterError',
  AUTH_FAILED: 'ClusterError',
  TLS_EXPECTED: 'ClusterError',
  BROKER_ERROR: 'ClusterError',
  BROKER_TOO_OLD: 'ClusterError',
  BROKER_NOT_READY: 'ClusterError',
  CONNECTION_LOST: 'ClusterError',
  CODEC_UNAVAILABLE: 'ClusterError',
  BATCH_TOO_LARGE: 'ClusterError',
  RECORD_CORRUPT: 'ClusterError',
  UNSUPPORTED_MAGIC: 'ClusterError',
  TASK_TIMEOUT: 'ClusterError',
  TOPOLOGY_MISMATCH: 'ClusterError',
  INSTANCE_FENCED: 'ClusterError',
  APPLICATION_STOPPED: 'ClusterError',
  CHANGELOG_REPLACED: 'ClusterError',
  STATE_DIR: 'StateError',
  STATE_DIR_LOCKED: 'StateError',
  STATE_INCOMPATIBLE: 'StateError',
  STATE_FOREIGN: 'StateError',
  STATE_CORRUPT: 'StateError',
  STATE_DISK: 'StateError',
  STATE_ENGINE_MISSING: 'StateError',
  STORE_TOO_LARGE: 'StateError',
  RESTORE_LOOP: 'StateError',
  UNKNOWN_STORE: 'StoreUnavailableError',
  STORE_CLOSED: 'StoreUnavailableError',
  STORE_ASYNC_SCAN: 'StoreUnavailableError',
  ITERATOR_CLOSED: 'StoreUnavailableError',
  REBALANCING: 'StoreUnavailableError',
  RESTORING: 'StoreUnavailableError',
  TASK_MIGRATED: 'TaskMigratedError',
} as const

type CodeTable = typeof ERROR_CODES

/** Every error code. */
export type ErrorCode = keyof CodeTable

/** The codes of one class. */
export type CodeOf<Class extends string> = { [C in ErrorCode]: CodeTable[C] extends Class ? C : never }[ErrorCode]

/** The root of all errors of this library: a code, a message that says what to do, and where it happened. */
export class StreamsError extends Error {
  readonly code: ErrorCode
  readonly retriable: boolean
  readonly context: ErrorContext

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.retriable = options.retriable ?? false
    this.context = Object.freeze({ ...options.context })
  }
}

/** One mistake in a topology: its code and a text that names the step and says what to write instead. */
export interface Mistake {
  readonly code: CodeOf<'TopologyError'>
  readonly message: string
  readonly node?: string
}

/** The topology is wrong: thrown at build, with every mistake found. */
export class TopologyError extends StreamsError {
  readonly mistakes: readonly Mistake[]

  /** `mistakes` has at least one entry; the first gives the error its code. */
  constructor(mistakes: readonly Mistake[], options: ErrorOptions = {}) {
    const [first] = mistakes
    const lines = mistakes.map((mistake) => mistake.message)
    const text =
      lines.length === 1 ? lines.join('') : [`the topology has ${lines.length} mistakes:`, ...lines.map((line) => `  - ${line}`)].join('\n')
    super(first?.code ?? 'TOPOLOGY_INVALID', text, options)
    this.mistakes = mistakes
  }
}

/** An option is wrong: thrown before anything starts. */
export class ConfigError extends StreamsError {
  declare readonly code: CodeOf<'ConfigError'>

  constructor(code: CodeOf<'ConfigError'>, message: string, options: ErrorOptions = {}) {
    super(code, message, options)
  }
}

/** What was being done with a record when it failed. */
export type Phase = 'deserialization' | 'processing' | 'punctuation' | 'serialization' | 'production'

/** A source record's bytes, as they were read. */
export interface RawRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
}

/** What an error about a record is made with. */
export interface RecordErrorOptions extends ErrorOptions {
  readonly phase?: Phase
  readonly attempt?: number
  readonly raw?: RawRecord | null
}

/** An error about one record: what `onError` is asked about. */
export type RecordError = SerdeError | ProcessingError | ProductionError

/** Bytes could not be read, or a value not written, by a serde. */
export class SerdeError extends StreamsError {
  declare readonly code: CodeOf<'SerdeError'>
  readonly phase: Phase
  readonly attempt: number
  readonly raw: RawRecord | null

  constructor(code: CodeOf<'SerdeError'>, message: string, options: RecordErrorOptions = {}) {
    super(code, message, options)
    this.phase = options.phase ?? (code === 'SERDE_DECODE' ? 'deserialization' : 'serialization')
    this.attempt = options.attempt ?? 1
    this.raw = options.raw ?? null
  }
}

/** A step could not process a record. */
export class ProcessingError extends StreamsError {
  declare readonly code: CodeOf<'ProcessingError'>
  readonly phase: Phase
  readonly attempt: number
  readonly raw: RawRecord | null

  constructor(code: CodeOf<'ProcessingError'>, message: string, options: RecordErrorOptions = {}) {
    super(code, message, options)
    this.phase = options.phase ?? 'processing'
    this.attempt = options.attempt ?? 1
    this.raw = options.raw ?? null
  }
}

/** A record could not be written to its topic. */
export class ProductionError extends StreamsError {
  declare readonly code: CodeOf<'ProductionError'>
  readonly phase: Phase
  readonly attempt: number
  readonly raw: RawRecord | null

  constructor(code: CodeOf<'ProductionError'>, message: string, options: RecordErrorOptions = {}) {
    super(code, message, options)
    this.phase = options.phase ?? 'production'
    this.attempt = options.attempt ?? 1
    this.raw = options.raw ?? null
  }
}

/** A broker, topic, permission or version is wrong. */
export class ClusterError extends StreamsError {
  declare readonly code: CodeOf<'ClusterError'>

  constructor(code: CodeOf<'ClusterError'>, message: string, options: ErrorOptions = {}) {
    super(code, message, options)
  }
}

/** A state directory, disk or file is wrong. */
export class StateError extends StreamsError {
  declare readonly code: CodeOf<'StateError'>

  constructor(code: CodeOf<'StateError'>, message: string, options: ErrorOptions = {}) {
    super(code, message, options)
  }
}

/** A store was asked at the wrong time or place. */
export class StoreUnavailableError extends StreamsError {
  declare readonly code: CodeOf<'StoreUnavailableError'>
  /** Who holds the store now, as `host:port`, where that is known. */
  readonly host: string | undefined

  constructor(code: CodeOf<'StoreUnavailableError'>, message: string, options: ErrorOptions & { readonly host?: string } = {}) {
    super(code, message, options)
    this.host = options.host
  }
}

/** Somebody else owns the task now: the thread drops it and rejoins. Users never see it. */
export class TaskMigratedError extends StreamsError {
  constructor(message: string, options?: ErrorOptions) {
    super('TASK_MIGRATED', message, options)
  }
}

/** States what must hold by construction. A failure is our own mistake: it stops the instance and is never caught. */
export function assert(condition: boolean, message: string, context?: ErrorContext): asserts condition {
  if (!condition) throw new StreamsError('INVARIANT', message, context === undefined ? {} : { context })
}
