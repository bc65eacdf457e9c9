/** The topics of a memory cluster: their partitions, configs, and what a broker checks before it appends a batch. */
import { assert } from '../base/errors.ts'
import { BatchReader, readHeader, type BatchHeader } from '../wire/batch-reader.ts'
import { PartitionLog } from './log.ts'
import { CODE } from './codes.ts'
import { ProducerStates } from './producers.ts'

/** Configs of a topic where nothing is given, as a broker's. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'max.message.bytes': '1048588',
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.after.max.ms': '3600000',
}

/** One partition. */
export interface MemoryPartition {
  readonly log: PartitionLog
  readonly producers: ProducerStates
}

/** One topic. */
export interface MemoryTopic {
  readonly name: string
  /** Changes when the topic is deleted and made again. */
  readonly id: string
  readonly partitions: MemoryPartition[]
  readonly configs: Record<string, string>
}

/** What an append answered. */
export interface AppendAnswer {
  readonly errorCode: number
  readonly baseOffset: number
  readonly logAppendTimeMs: number
}

/** All topics. */
export class MemoryTopics {
  readonly #topics: Map<string, MemoryTopic> = new Map()
  readonly #now: () => number
  readonly #checkCrc: boolean
  #made = 0

  constructor(options: { readonly now: () => number; readonly checkCrc: boolean }) {
    this.#now = options.now
    this.#checkCrc = options.checkCrc
  }

  /** All topics, by name. */
  all(): readonly MemoryTopic[] {
    return [...this.#topics.values()]
  }

  /** The topic of that name. */
  get(name: string): MemoryTopic | undefined {
    return this.#topics.get(name)
  }

  /** The partition; undefined when there is none. */
  partition(name: string, partition: number): MemoryPartition | undefined {
    return this.#topics.get(name)?.partitions[partition]
  }

  /** Makes a topic; answers an error code. */
  create(name: string, partitions: number, configs: Readonly<Record<string, string>> = {}): number {
    if (this.#topics.has(name)) return CODE.TOPIC_ALREADY_EXISTS
    if (!/^[A-Za-z0-9._-]{1,249}$/.test(name) || name === '.' || name === '..') return CODE.INVALID_TOPIC_EXCEPTION
    if (!Number.isInteger(partitions) || partitions < 1) return CODE.INVALID_PARTITIONS
    const made = (): MemoryPartition => ({ log: new PartitionLog(), producers: new ProducerStates() })
    this.#topics.set(name, { name, id: `memory-${++this.#made}`, partitions: Array.from({ length: partitions }, made), configs: { ...DEFAULTS, ...configs } })
    return CODE.NONE
  }

  /** Deletes a topic; answers an error code. */
  delete(name: string): number {
    return this.#topics.delete(name) ? CODE.NONE : CODE.UNKNOWN_TOPIC_OR_PARTITION
  }

  /** Appends one batch to a partition, after the checks of a broker. */
  append(name: string, partition: number, batch: Uint8Array): AppendAnswer {
    const topic = this.#topics.get(name)
    const found = topic?.partitions[partition]
    if (topic === undefined || found === undefined) return refused(CODE.UNKNOWN_TOPIC_OR_PARTITION)
    const header = readHeader(batch, 0, batch.length)
    if (header === undefined || header.length !== batch.length || header.count === 0) return refused(CODE.INVALID_RECORD)
    const errorCode = this.#check(topic, batch, header)
    if (errorCode !== CODE.NONE) return refused(errorCode)
    const sequence = found.producers.check(header)
    if (sequence.errorCode !== CODE.NONE) return refused(sequence.errorCode)
    if (sequence.duplicateOf !== undefined) return { errorCode: CODE.NONE, baseOffset: sequence.duplicateOf, logAppendTimeMs: -1 }
    const appendTime = topic.configs['message.timestamp.type'] === 'LogAppendTime' ? this.#now() : undefined
    const baseOffset = found.log.append(batch, header, appendTime)
    found.producers.appended(header, baseOffset)
    return { errorCode: CODE.NONE, baseOffset, logAppendTimeMs: appendTime ?? -1 }
  }

  #check(topic: MemoryTopic, batch: Uint8Array, header: BatchHeader): number {
    const { configs } = topic
    if (batch.length > Number(configs['max.message.bytes'])) return CODE.MESSAGE_TOO_LARGE
    const ahead = Number(configs['message.timestamp.after.max.ms'])
    if (configs['message.timestamp.type'] === 'CreateTime' && header.maxTimestamp > this.#now() + ahead) return CODE.INVALID_TIMESTAMP
    const compacted = configs['cleanup.policy']?.includes('compact') === true
    if (!this.#checkCrc && !compacted) return CODE.NONE
    try {
      const reader = new BatchReader({ checkCrc: this.#checkCrc, hashKeys: false })
      reader.open(batch, header, topic.name)
      if (compacted && hasNullKey(reader)) return CODE.INVALID_RECORD
    } catch {
      return CODE.CORRUPT_MESSAGE
    }
    return CODE.NONE
  }
}

function hasNullKey(reader: BatchReader): boolean {
  for (let rows = reader.next(); rows !== undefined; rows = reader.next()) {
    for (let i = 0; i < rows.count; i++) if (rows.keyLength[i]! < 0) return true
  }
  return false
}

function refused(errorCode: number): AppendAnswer {
  assert(errorCode !== CODE.NONE, 'a refusal has a reason')
  return { errorCode, baseOffset: -1, logAppendTimeMs: -1 }
}
