/**
 * Hot path. The end of a path: writes records as their sink says, straight into the open batch of their partition. A key that is still the
 * source's own is copied from the source's bytes with the hash that came with it; everything else is serialised once.
 */
import { ProductionError, SerdeError } from '../base/errors.ts'
import { partitionOf } from '../base/murmur2.ts'
import { encodeHeaders, noHeaders, type Headers } from '../model/headers.ts'
import { KeyCoder } from '../model/key-coder.ts'
import type { CurrentRecord, RecordContext } from '../model/record.ts'
import type { AnySerde } from '../model/serde.ts'
import type { SourceNode } from '../topology/node.ts'
import type { Emit, NodeName, SinkSpec } from '../topology/operator.ts'
import type { PartitionWriter } from '../wire/partition-writer.ts'

/** A topic that a task writes to, with a writer for each partition, made when first used. */
export interface Target {
  readonly topic: string
  readonly partitions: number
  writer(partition: number): PartitionWriter
}

/** What a sink's writer needs of its task. */
export interface SinkTask {
  readonly applicationId: string
  readonly record: CurrentRecord
  /** The source node of the record in hand; undefined below a punctuation. */
  source(): SourceNode | undefined
  /** Sources whose values no user code sees. */
  readonly unseen: ReadonlySet<SourceNode>
  dropped(node: NodeName): void
  /** The target of a topic, by its full name; undefined: its partitions aren't known yet. */
  target(topic: string): Target | undefined
  /** Looks such a topic up. */
  lookUp(topic: string): Promise<void>
}

const EMPTY = new Uint8Array(0)

/** The emit of a sink. */
export function sinkEmit(sink: SinkSpec, node: NodeName, task: SinkTask): Emit<unknown, unknown> {
  const writer = new SinkWriter(sink, node, task)
  const { topic } = sink
  const send = (name: string, key: unknown, value: unknown, record: RecordContext): void | Promise<void> => {
    const target = task.target(name)
    if (target !== undefined) return writer.send(target, key, value, record)
    return task.lookUp(name).then(() => writer.send(found(task.target(name), name), key, value, record))
  }
  if (typeof topic !== 'string')
    return (key, value, record) => send(checkedTopic(topic(value, key, record), task.applicationId), key, value, record)
  const name = sink.internal ? `${task.applicationId}-${topic}` : topic
  let target: Target | undefined
  return (key, value, record) => {
    target ??= task.target(name)
    return target === undefined ? send(name, key, value, record) : writer.send(target, key, value, record)
  }
}

/** A target that was looked up. Throws `PRODUCTION_ERROR` when it has no partitions. */
export function found(target: Target | undefined, topic: string): Target {
  if (target !== undefined) return target
  throw new ProductionError('PRODUCTION_ERROR', `topic ${topic} has no partitions to write to`)
}

class SinkWriter {
  readonly #sink: SinkSpec
  readonly #node: NodeName
  readonly #task: SinkTask
  readonly #key: KeyCoder
  readonly #passes: boolean
  #spread = 0

  constructor(sink: SinkSpec, node: NodeName, task: SinkTask) {
    this.#sink = sink
    this.#node = node
    this.#task = task
    this.#passes = sink.value.passThrough === true || sink.value.canonical === true
    const topic = typeof sink.topic === 'string' ? sink.topic : node
    this.#key = new KeyCoder({ serde: sink.key, record: task.record, topic, isSourceSerde: () => task.source()?.key === sink.key })
  }

  send(target: Target, key: unknown, value: unknown, record: RecordContext): void {
    const { partitioner } = this.#sink
    this.#key.take(key)
    if (partitioner === undefined) {
      this.#append(target, this.#place(target.partitions), value, record)
      return
    }
    const chosen = partitioner(value, key, { topic: target.topic, partitions: target.partitions, headers: record.headers })
    if (chosen === undefined) this.#append(target, this.#place(target.partitions), value, record)
    else if (typeof chosen === 'number') this.#append(target, validPartition(chosen, target), value, record)
    else if (!Array.isArray(chosen)) validPartition(chosen, target)
    else {
      if (chosen.length === 0) this.#task.dropped(this.#node)
      for (const partition of chosen) this.#append(target, validPartition(partition, target), value, record)
    }
  }

  #append(target: Target, partition: number, value: unknown, record: RecordContext): void {
    const writer = target.writer(partition)
    const serde = this.#sink.value
    const headers = record.headers
    const block = headers === noHeaders || headers.length === 0 ? undefined : encodeHeaders(headers)
    const { bytes, at, length } = this.#key
    this.#task.record.rawReleased = true
    writer.begin(record.timestamp)
    writer.key(bytes, at, length)
    if (value === null || value === undefined) writer.value(EMPTY, 0, -1)
    else if (this.#isSourceValue(value)) copyValue(this.#task.record, writer)
    else if (serde.write !== undefined) writer.written(serde, value)
    else {
      const serialised = serialise(serde, value, { topic: target.topic, side: 'value', headers })
      writer.value(serialised, 0, serialised.length)
    }
    writer.end(block)
  }

  /** Whether the value is what was decoded, unchanged, so that the source's bytes may stand for it: a primitive, or an object nobody has seen. */
  #isSourceValue(value: unknown): boolean {
    const { record, unseen } = this.#task
    if (!this.#passes || value !== record.sourceValue || record.rows === undefined) return false
    const source = this.#task.source()
    return source !== undefined && source.value === this.#sink.value && (typeof value !== 'object' || unseen.has(source))
  }

  /** Kafka's default: by the key's hash; without a key the partitions in turn. */
  #place(count: number): number {
    if (count === 1) return 0
    if (this.#key.length >= 0) return partitionOf(this.#key.hash, count)
    this.#spread = (this.#spread + 1) % count
    return this.#spread
  }
}

function copyValue({ rows, index }: CurrentRecord, writer: PartitionWriter): void {
  writer.value(rows!.bytes, rows!.valueAt[index]!, rows!.valueLength[index]!)
}

function serialise(serde: AnySerde, value: unknown, context: { topic: string; side: 'key' | 'value'; headers: Headers }): Uint8Array {
  const bytes = serde.serialize(value, context)
  if (bytes instanceof Uint8Array) return bytes
  throw new SerdeError(
    'SERDE_ENCODE',
    `the ${context.side} serde of topic ${context.topic} answered ${String(bytes).slice(0, 64)} instead of bytes`,
  )
}

/** A partition that the topic has. Throws `PARTITION_INVALID`. */
export function validPartition(partition: unknown, { topic, partitions }: Target): number {
  if (typeof partition === 'number' && Number.isInteger(partition) && partition >= 0 && partition < partitions) return partition
  throw new ProductionError(
    'PARTITION_INVALID',
    `the partitioner of topic ${topic} answered ${shown(partition)}: the topic has partitions 0 to ${partitions - 1}`,
  )
}

function shown(answer: unknown): string {
  if (answer instanceof Promise) {
    // Its own failure is not the one to report.
    answer.catch(() => undefined)
    return 'a promise, but has to answer at once'
  }
  return typeof answer === 'string' ? `'${answer.slice(0, 64)}'` : String(answer)
}

function checkedTopic(topic: unknown, applicationId: string): string {
  if (typeof topic !== 'string')
    throw new ProductionError('RECORD_INVALID', `the function that names the topic answered ${shown(topic)}: give a topic's name`)
  if (!/^[A-Za-z0-9._-]{1,249}$/.test(topic) || topic === '.' || topic === '..') {
    throw new ProductionError('RECORD_INVALID', `'${topic.slice(0, 64)}' is not a topic name: use letters, digits, '.', '_' and '-'`)
  }
  if (topic.startsWith('__') || topic.startsWith(`${applicationId}-`)) {
    throw new ProductionError('RECORD_INVALID', `topic ${topic} is Kafka's or this application's own: choose another name`)
  }
  return topic
}
