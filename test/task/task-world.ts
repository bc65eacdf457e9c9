/** A task over its real parts: batches in, batches out, and what it is told and asked. */
import { utf8 } from '../../src/base/text.ts'
import type { Topology } from '../../src/index.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { StreamTask } from '../../src/task/stream-task.ts'
import type { OnError } from '../../src/topology/error-decision.ts'
import { BatchWriter } from '../../src/wire/batch-writer.ts'
import type { InFlight } from '../../src/wire/partition-writer.ts'
import { readAll } from '../wire/reading.ts'

/** What a task world is told. */
export interface TaskWorldOptions {
  readonly onError?: OnError
  readonly caughtUp?: (topic: string) => boolean
  readonly partitions?: (topic: string) => number | undefined
  readonly patienceMs?: number
  readonly lookUp?: (topic: string) => Promise<void>
}

/** A task and what it wrote. */
export interface TaskWorld {
  readonly task: StreamTask
  now: number
  readonly dropped: string[]
  /** Decisions, as `decision attempt code`, and how long was waited before steps ran again. */
  readonly decided: string[]
  readonly pauses: number[]
  /** How often it was told that a deferred record can go on. */
  ready: number
  /** Moves the wall clock and fires what is due. */
  pass(ms: number): void
  /** Records in flight, by topic and partition. */
  readonly inFlight: Map<string, InFlight>
  /** Hands records to a partition, as one batch: value and timestamp each, from the offset the partition is at. */
  add(topic: string, records: readonly (readonly [value: string | null, timestamp: number, key?: string])[], partition?: number): void
  /** What was written to a topic, as `key=value@time`. */
  written(topic: string): string[]
}

export function taskWorld(topology: Topology, options: TaskWorldOptions = {}): TaskWorld {
  const writers = new Map<string, BatchWriter>()
  const offsets = new Map<string, number>()
  const inFlight = new Map<string, InFlight>()
  const timers = new Set<{ readonly at: number; readonly f: () => void }>()
  const world: Omit<TaskWorld, 'task'> & { task?: StreamTask } = {
    now: 1_000,
    dropped: [],
    decided: [],
    pauses: [],
    ready: 0,
    inFlight,
    pass: (ms) => {
      world.now += ms
      for (const timer of timers) {
        if (timer.at > world.now) continue
        timers.delete(timer)
        timer.f()
      }
    },
    add: (topic, records, partition = 0) => {
      const writer = new BatchWriter()
      const at = offsets.get(topic) ?? 0
      for (const [value, timestamp, key] of records)
        writer.append(key === undefined ? utf8('k') : utf8(key), value === null ? null : utf8(value), timestamp, undefined)
      const bytes = writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1, baseOffset: at })
      offsets.set(topic, at + records.length)
      world.task!.add({ topic, partition }, { bytes, from: 0, to: bytes.length, release: () => undefined })
    },
    written: (topic) => {
      const writer = writers.get(topic)
      if (writer === undefined || writer.count === 0) return []
      const text = (bytes: Uint8Array | null): string => (bytes === null ? 'null' : Buffer.from(bytes).toString())
      return readAll(writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 })).map(
        ({ key, value, timestamp }) => `${text(key)}=${text(value)}@${timestamp}`,
      )
    },
  }
  const task = new StreamTask({
    applicationId: 'app',
    topology,
    subtopology: topology.subtopologies[0]!,
    partition: 0,
    engine: new MemoryEngine(),
    cacheBytes: 1 << 20,
    scanIntervalMs: 0,
    uncommittedBytes: 1 << 20,
    everyWrite: false,
    ports: {
      now: () => world.now,
      writer: ({ topic }, sent) => {
        inFlight.set(topic, sent)
        const writer = writers.get(topic) ?? new BatchWriter()
        writers.set(topic, writer)
        return writer
      },
      partitions: options.partitions ?? (() => 1),
      lookUp: options.lookUp ?? (() => Promise.resolve()),
      caughtUp: ({ topic }) => options.caughtUp?.(topic) ?? true,
      emptyAt: ({ topic }) => (options.caughtUp?.(topic) === false ? undefined : world.now),
      monotonic: () => world.now,
      onError: options.onError ?? (() => 'fail'),
      onDecided: (error, decision) => void world.decided.push(`${decision} ${error.attempt} ${error.code}`),
      pause: (ms) => void world.pauses.push(ms),
      after: (ms, f) => {
        const timer = { at: world.now + ms, f }
        timers.add(timer)
        return () => void timers.delete(timer)
      },
      onReady: () => void (world.ready += 1),
      random: () => 0.5,
      patienceMs: options.patienceMs ?? 10_000,
      print: () => undefined,
      onDropped: (reason, node, at) => void world.dropped.push(`${reason} ${node} ${at.offset}`),
    },
  })
  for (const source of task.subtopology.sources) for (const topic of source.topics) task.assign({ topic, partition: 0 }, source, 0)
  return Object.assign(world, { task })
}
