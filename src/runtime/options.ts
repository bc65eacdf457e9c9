/**
 * The options of an application, as data: for each one its default, its bounds and the JVM's name. `config` validates against this table and
 * fills what is left out; documentation and "did you mean" come from it too.
 */
import type { ConnectionOptions } from 'node:tls'
import type { SASLOptions } from 'kafkajs'
import type { StreamsError } from '../base/errors.ts'
import type { OnError } from '../topology/error-decision.ts'
import type { Logger } from './logger.ts'

/** How connections are secured: the options of kafkajs. */
export interface Security {
  /** True for TLS with the system's authorities, or options of `node:tls`. */
  readonly ssl?: boolean | ConnectionOptions
  /** A mechanism with its credentials: `{ mechanism: 'plain', username, password }`. */
  readonly sasl?: SASLOptions
}

/** What to do when a thread is lost: a new one in its place (at most six a minute), or the end of this client, or of all instances of the application, which then fail with `APPLICATION_STOPPED`. */
export type FailureDecision = 'replace-thread' | 'stop-client' | 'stop-application'

/** Options of `new KafkaStreams(topology, options)`. Durations are milliseconds, sizes bytes. */
export interface KafkaStreamsOptions {
  /** Names the consumer group and prefixes internal topics (`application.id`). Letters, digits, `.`, `_`, `-`. */
  readonly applicationId: string
  /** `host:port`, several of them, or `memory:name` for a broker in this process (`bootstrap.servers`). Left out: the variable KAFKA_BROKERS, else `memory:`. */
  readonly brokers?: string | readonly string[]
  /** `at-least-once` (default) or `exactly-once` (`processing.guarantee`). */
  readonly guarantee?: 'at-least-once' | 'exactly-once'
  /** How often positions are committed; 30,000 (`commit.interval.ms`). */
  readonly commitIntervalMs?: number
  /** Stream threads of this instance; 1 (`num.stream.threads`). */
  readonly threads?: number
  /** Bound of the object caches of this instance; 64 MiB (`statestore.cache.max.bytes`). */
  readonly cacheBytes?: number
  /** Writes of a task that aren't committed, above which it commits early; 64 MiB (`statestore.uncommitted.max.bytes`). */
  readonly statestoreUncommittedMaxBytes?: number
  /** What keeps stores: `rocksdb`, `level`, or `memory`, which the changelogs fill at each start. RocksDB, but memory on the in-process broker (`dsl.store.suppliers.class`). */
  readonly engine?: 'rocksdb' | 'level' | 'memory'
  /** Where stores are kept; `.millrace/state` (`state.dir`). */
  readonly stateDir?: string
  /** Memory of the storage engines; 512 MiB (`rocksdb` settings). */
  readonly rocksdbMemoryBytes?: number
  /** How long the local state of a task is kept after it left; 600,000 (`state.cleanup.delay.ms`). */
  readonly stateCleanupDelayMs?: number
  /** TLS and SASL, as kafkajs takes them (`security.protocol`, `sasl.*`, `ssl.*`). */
  readonly security?: Security
  /** How long a task waits for an empty partition that is caught up; 0. −1: not even until it is caught up (`max.task.idle.ms`). */
  readonly maxTaskIdleMs?: number
  /** How long a stalled task is retried; 300,000 (`task.timeout.ms`). */
  readonly taskTimeoutMs?: number
  /** Replication of internal topics; −1 is the broker's default (`replication.factor`). */
  readonly replicationFactor?: number
  /** Static membership (`group.instance.id`). */
  readonly instanceId?: string
  /** Prefix of client ids; `<applicationId>-<process id>` when left out (`client.id`). */
  readonly clientId?: string
  /** Time without a heartbeat after which a member is dead; 45,000 (`session.timeout.ms`). */
  readonly sessionTimeoutMs?: number
  /** 3,000 (`heartbeat.interval.ms`). */
  readonly heartbeatIntervalMs?: number
  /** Longest time between two polls; 300,000 (`max.poll.interval.ms`). */
  readonly maxPollIntervalMs?: number
  /** After how long a record that a step waits for is named in the log; 10,000. */
  readonly slowRecordWarnMs?: number
  /** 30,000 (`request.timeout.ms`). */
  readonly requestTimeoutMs?: number
  /** A batch is sent at the latest after this; 100 (`linger.ms`). */
  readonly lingerMs?: number
  /** Size at which a batch is sealed; 262,144 (`batch.size`). */
  readonly batchSize?: number
  /** Compression of what is produced; `none` (`compression.type`). */
  readonly compression?: 'none' | 'gzip' | 'snappy' | 'lz4'
  /** Unsent output after which processing waits; 32 MiB (`buffer.memory`). */
  readonly producerBufferBytes?: number
  /** Bytes of one fetch; 64 MiB (`fetch.max.bytes`). */
  readonly fetchMaxBytes?: number
  /** Bytes of one partition in a fetch; 1 MiB (`max.partition.fetch.bytes`). */
  readonly maxPartitionFetchBytes?: number
  /** How often repartition topics are purged below committed positions; 30,000 (`repartition.purge.interval.ms`). */
  readonly repartitionPurgeIntervalMs?: number
  /** After how many seconds a partition that stays behind is named in the log; 60. */
  readonly lagWarnSeconds?: number
  /** Added to the retention of window changelogs; 86,400,000 (`windowstore.changelog.additional.retention.ms`). */
  readonly windowstoreChangelogAdditionalRetentionMs?: number
  /** Topic configs of all internal topics (`topic.`). */
  readonly topicConfig?: Readonly<Record<string, string>>
  /** Asked about each bad record; `fail` when left out. */
  readonly onError?: OnError
  /** Asked when a thread is lost; `stop-client` when left out. */
  readonly onFailure?: (error: StreamsError) => FailureDecision
  /** A pino instance fits; false is silence. Warnings go to standard error when left out. */
  readonly logger?: Logger | false
}

/** Bounds of a number option. */
export interface NumberRule {
  readonly default: number
  readonly min: number
  readonly max: number
}

const INT32 = 2 ** 31 - 1
const MAX = Number.MAX_SAFE_INTEGER

/** The options that are numbers. */
export type NumberOption =
  | 'commitIntervalMs'
  | 'threads'
  | 'cacheBytes'
  | 'statestoreUncommittedMaxBytes'
  | 'rocksdbMemoryBytes'
  | 'stateCleanupDelayMs'
  | 'maxTaskIdleMs'
  | 'taskTimeoutMs'
  | 'replicationFactor'
  | 'sessionTimeoutMs'
  | 'heartbeatIntervalMs'
  | 'maxPollIntervalMs'
  | 'slowRecordWarnMs'
  | 'requestTimeoutMs'
  | 'lingerMs'
  | 'batchSize'
  | 'producerBufferBytes'
  | 'fetchMaxBytes'
  | 'maxPartitionFetchBytes'
  | 'repartitionPurgeIntervalMs'
  | 'lagWarnSeconds'
  | 'windowstoreChangelogAdditionalRetentionMs'

/** Every option that is a number, with its default and bounds. */
export const NUMBER_OPTIONS: Readonly<Record<NumberOption, NumberRule>> = {
  commitIntervalMs: { default: 30_000, min: 0, max: MAX },
  threads: { default: 1, min: 1, max: 1_024 },
  cacheBytes: { default: 64 * 1024 * 1024, min: 0, max: MAX },
  statestoreUncommittedMaxBytes: { default: 64 * 1024 * 1024, min: 1, max: MAX },
  rocksdbMemoryBytes: { default: 512 * 1024 * 1024, min: 1, max: MAX },
  stateCleanupDelayMs: { default: 600_000, min: 0, max: MAX },
  maxTaskIdleMs: { default: 0, min: -1, max: MAX },
  taskTimeoutMs: { default: 300_000, min: 0, max: MAX },
  replicationFactor: { default: -1, min: -1, max: 32_767 },
  sessionTimeoutMs: { default: 45_000, min: 1, max: INT32 },
  heartbeatIntervalMs: { default: 3_000, min: 1, max: INT32 },
  maxPollIntervalMs: { default: 300_000, min: 1, max: INT32 },
  slowRecordWarnMs: { default: 10_000, min: 1, max: INT32 },
  requestTimeoutMs: { default: 30_000, min: 1, max: INT32 },
  lingerMs: { default: 100, min: 0, max: INT32 },
  batchSize: { default: 262_144, min: 1, max: INT32 },
  producerBufferBytes: { default: 32 * 1024 * 1024, min: 1, max: MAX },
  fetchMaxBytes: { default: 64 * 1024 * 1024, min: 1, max: INT32 },
  maxPartitionFetchBytes: { default: 1024 * 1024, min: 1, max: INT32 },
  repartitionPurgeIntervalMs: { default: 30_000, min: 1, max: MAX },
  lagWarnSeconds: { default: 60, min: 1, max: MAX },
  windowstoreChangelogAdditionalRetentionMs: { default: 86_400_000, min: 0, max: MAX },
}

/** Every option that is one of a few words; the first is the default. */
export const WORD_OPTIONS: {
  readonly guarantee: readonly ['at-least-once', 'exactly-once']
  readonly compression: readonly ['none', 'gzip', 'snappy', 'lz4']
  readonly engine: readonly ['rocksdb', 'level', 'memory']
} = {
  guarantee: ['at-least-once', 'exactly-once'],
  compression: ['none', 'gzip', 'snappy', 'lz4'],
  engine: ['rocksdb', 'level', 'memory'],
}

/** All option names. */
export const OPTION_NAMES: readonly string[] = [
  'applicationId',
  'brokers',
  'instanceId',
  'clientId',
  'topicConfig',
  'stateDir',
  'security',
  'onError',
  'onFailure',
  'logger',
  ...Object.keys(NUMBER_OPTIONS),
  ...Object.keys(WORD_OPTIONS),
]

/** Options that Kafka's clients have and that are this library's to set, with the reason. */
export const FORBIDDEN_OPTIONS: Readonly<Record<string, string>> = {
  groupId: 'the group is the applicationId',
  isolationLevel: 'it follows from `guarantee`',
  enableIdempotence: 'the producer is always idempotent',
  idempotent: 'the producer is always idempotent',
  autoCommit: 'positions are committed when everything they caused is acknowledged',
  enableAutoCommit: 'positions are committed when everything they caused is acknowledged',
  transactionalId: 'it is made from the applicationId',
  acks: 'every write waits for all replicas',
}
