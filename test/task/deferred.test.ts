import { expect, test } from 'vitest'
import { deadLetter, retry, serdes, topic, type AsyncOptions, type KStream, type StreamsBuilder, type Topic } from '../../src/index.ts'
import { manualCalls, turn } from '../support/manual-calls.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'
import { taskWorld, type TaskWorld, type TaskWorldOptions } from './task-world.ts'

/** A task of `texts` → a lookup by value → `copies`. */
function lookingUp(options: AsyncOptions = {}, world: TaskWorldOptions = {}) {
  const calls = manualCalls()
  const steps = (builder: StreamsBuilder): void =>
    builder
      .stream(texts)
      .mapValuesAsync(calls.f, { name: 'lookup', value: serdes.string, ...options })
      .to(copies)
  return { ...calls, world: taskWorld(built(steps), world) }
}

/** Adds records with one letter of key and their value's first letter: `a1` has the key `a`. */
function add(world: TaskWorld, ...values: string[]): void {
  world.add(
    'texts',
    values.map((value, i) => [value, i, value.slice(0, 1)] as const),
  )
}

const offsetOf = ({ task }: TaskWorld): number => task.positions()[0]!.offset
const run = async ({ task }: TaskWorld): Promise<number> => task.process(100)

test('no position passes a record that waits, whatever those behind it do', async () => {
  const { world, settle } = lookingUp()
  add(world, 'a1', 'b1', 'c1')
  expect(await run(world)).toBe(3)
  expect([offsetOf(world), world.task.deferred.size]).toEqual([0, 3])
  await settle('b1', 'B1')
  await settle('c1', 'C1')
  expect(world.ready).toBe(2)
  expect(await run(world)).toBe(2)
  expect(offsetOf(world)).toBe(0)
  await settle('a1', 'A1')
  await run(world)
  expect([offsetOf(world), world.task.deferred.size]).toEqual([3, 0])
  expect(world.written('copies')).toEqual(['b=B1@1', 'c=C1@2', 'a=A1@0'])
})

test('a full step holds the task up until one of its records is done', async () => {
  const { world, begun, settle } = lookingUp({ maxParked: 2 })
  add(world, 'a1', 'b1', 'c1')
  expect(await run(world)).toBe(2)
  expect([world.task.waiting, offsetOf(world)]).toEqual([0, 0])
  expect(await run(world)).toBe(0)
  await settle('b1', 'B1')
  expect(world.task.waiting).toBe(1)
  expect(await run(world)).toBe(2)
  expect(begun).toEqual(['a1', 'b1', 'c1'])
})

test('one record that becomes many waits in the step until there is room, and those before it go on meanwhile', async () => {
  const calls = manualCalls()
  const world = taskWorld(
    built((builder) =>
      builder
        .stream(texts)
        .flatMapValues((value) => value.split(','))
        .mapValuesAsync(calls.f, { maxParked: 2, order: 'none' })
        .to(copies, { value: serdes.string }),
    ),
  )
  add(world, '1,2,3,4', '5')
  const running = world.task.process(100)
  expect(running).toBeInstanceOf(Promise)
  expect(calls.begun).toEqual(['1', '2', '3'])
  await calls.settle('2', 'two')
  expect(calls.begun).toEqual(['1', '2', '3', '4'])
  await calls.settle('4', 'four')
  // All its records are in the step, which is full.
  expect(await running).toBe(1)
  expect(offsetOf(world)).toBe(0)
  await calls.settle('1', 'one')
  await run(world)
  await calls.settle('3', 'three')
  await run(world)
  await calls.settle('5', 'five')
  await run(world)
  expect(world.written('copies')).toEqual(['1=two@0', '1=four@0', '1=one@0', '1=three@0', '5=five@1'])
  expect(offsetOf(world)).toBe(2)
})

test('where a lower step is full, records of the upper one wait; what comes of a record keeps its place', async () => {
  const upper = manualCalls()
  const lower = manualCalls()
  const world = taskWorld(
    built((builder) =>
      builder
        .stream(texts)
        .mapValuesAsync(upper.f, { order: 'none' })
        .mapValuesAsync(lower.f, { maxParked: 1, order: 'none' })
        .to(copies, { value: serdes.string }),
    ),
  )
  add(world, 'a1', 'b1')
  await run(world)
  await upper.settle('b1', 'b1')
  await upper.settle('a1', 'a1')
  expect(await run(world)).toBe(1)
  expect(lower.begun).toEqual(['b1'])
  expect([world.task.waiting, offsetOf(world)]).toEqual([0, 0])
  await lower.settle('b1', 'B1')
  expect(await run(world)).toBe(2)
  expect(lower.begun).toEqual(['b1', 'a1'])
  expect(offsetOf(world)).toBe(0)
  await lower.settle('a1', 'A1')
  await run(world)
  expect(world.written('copies')).toEqual(['b=B1@1', 'a=A1@0'])
  expect(offsetOf(world)).toBe(2)
})

test('what rejects fails the task, before this record, then and ever after', async () => {
  const { world, fail, settle } = lookingUp()
  add(world, 'a1', 'b1')
  await run(world)
  await settle('b1', 'B1')
  await fail('a1', new Error('no answer'))
  const located = expect.objectContaining({
    code: 'PROCESSING_ERROR',
    message: 'step lookup failed at texts[0]@0: no answer',
    context: expect.objectContaining({ node: 'lookup', topic: 'texts', partition: 0, offset: 0, taskId: '0_0' }),
  })
  expect(() => world.task.process(100)).toThrow(located)
  expect(() => world.task.process(100)).toThrow(located)
  expect([world.task.waiting, offsetOf(world)]).toEqual([1, 0])
})

test('onError of the step decides: what is skipped doesn’t hold up the next one of its key', async () => {
  const { world, fail, settle } = lookingUp({ onError: () => 'skip' })
  add(world, 'a1', 'a2')
  await run(world)
  await settle('a2', 'A2')
  await fail('a1', new Error('no answer'))
  await run(world)
  expect(world.written('copies')).toEqual(['a=A2@1'])
  expect([world.dropped, offsetOf(world)]).toEqual([['skipped lookup 0'], 2])
})

test('a dead letter has the bytes of its own record, although its batch is used up', async () => {
  const { world, fail, settle } = lookingUp({}, { onError: () => deadLetter('failed') })
  add(world, 'a1')
  await run(world)
  add(world, 'b1')
  await run(world)
  await settle('b1', 'B1')
  await fail('a1', new Error('no answer'))
  await run(world)
  expect(world.written('failed')).toEqual(['a=a1@0'])
  expect(world.decided).toEqual(['dead-letter 1 PROCESSING_ERROR'])
})

test('where onError says so the call is made again, while the task waits', async () => {
  const { world, fail, settle, begun } = lookingUp({}, { onError: () => retry({ attempts: 2, jitter: 0 }, 'skip') })
  add(world, 'a1', 'b1')
  await run(world)
  await settle('b1', 'B1')
  await fail('a1', new Error('no answer'))
  await run(world)
  expect(begun).toEqual(['a1', 'b1', 'a1', 'a1'])
  expect(world.pauses).toEqual([100, 200])
  expect(world.decided).toEqual(['retry 1 PROCESSING_ERROR', 'retry 2 PROCESSING_ERROR', 'skip 3 PROCESSING_ERROR'])
  expect(world.written('copies')).toEqual(['b=B1@1'])
})

test('a call that takes too long is an error of its record', async () => {
  const { world } = lookingUp({
    timeoutMs: 100,
    onError: ({ code, context }) => (code === 'CALL_TIMEOUT' && context.offset === 0 ? 'skip' : 'fail'),
  })
  add(world, 'a1')
  await run(world)
  world.pass(100)
  await turn()
  await run(world)
  expect(world.dropped).toEqual(['skipped lookup 0'])
})

test('an error of a step below is that step’s', async () => {
  const calls = manualCalls()
  const world = taskWorld(
    built((builder) =>
      builder
        .stream(texts)
        .mapValuesAsync(calls.f, { name: 'lookup' })
        .forEach(
          () => {
            throw new Error('below')
          },
          { name: 'end' },
        ),
    ),
  )
  add(world, 'a1')
  await run(world)
  await calls.settle('a1', 'A1')
  expect(() => world.task.process(1)).toThrow('step end failed at texts[0]@0: below')
})

test('a record goes on as if it were processed then: stores and stream time are those of that moment', async () => {
  const calls = manualCalls()
  const seen: string[] = []
  const world = taskWorld(
    built((builder) => {
      const stream = builder.stream(texts)
      const counted = stream.groupByKey().count({ store: 'c' })
      stream
        .mapValuesAsync(calls.f, { order: 'none' })
        .join(counted, (value, count) => `${value} ${count}`)
        .peek((value) => seen.push(`${value} ${world.task.streamTime}`))
    }),
  )
  add(world, 'a1', 'a2', 'a3')
  await run(world)
  await calls.settle('a1', 'A1')
  await run(world)
  expect(seen).toEqual(['A1 3 2'])
})

const tables: readonly [string, (stream: KStream<string, string>) => void, boolean][] = [
  ['with stores', (stream) => stream.groupByKey().count().toStream().to(counts), true],
  ['without', (stream) => stream.to(copies, { value: serdes.string }), false],
]

test.each(tables)('a commit waits for deferred records in tasks %s: %s', async (_, end, holds) => {
  const calls = manualCalls()
  const world = taskWorld(built((builder) => end(builder.stream(texts).mapValuesAsync(calls.f, { value: serdes.string }))))
  expect(world.task.deferred.holdsCommit).toBe(false)
  add(world, 'a1')
  await run(world)
  expect(world.task.deferred.holdsCommit).toBe(holds)
  await calls.settle('a1', 'A1')
  await run(world)
  expect(world.task.deferred.holdsCommit).toBe(false)
})

test('while a commit waits, no record is taken and nothing punctuates', async () => {
  const { world, settle } = lookingUp()
  const ticks: number[] = []
  world.task.schedule({ every: 1, by: 'wall-clock' }, (timestamp) => void ticks.push(timestamp), 'lookup')
  add(world, 'a1')
  await run(world)
  world.task.deferred.isDraining = true
  add(world, 'b1')
  expect([await run(world), await world.task.punctuate(2_000), world.task.waiting]).toEqual([0, false, 0])
  await settle('a1', 'A1')
  expect(await run(world)).toBe(1)
  expect([offsetOf(world), ticks]).toEqual([1, []])
  await world.task.land(new Map())
  expect([await run(world), await world.task.punctuate(2_000), ticks]).toEqual([1, true, [2_000]])
})

test('what a punctuation sent on holds a commit up in every task: no position stands for it', async () => {
  const calls = manualCalls()
  const world = taskWorld(
    built((builder) =>
      builder
        .stream(texts)
        .process<string, string>(() => ({
          init: (context) => {
            context.schedule({ every: 10, by: 'wall-clock' }, (timestamp) => {
              void context.forward({ key: 'k', value: `tick ${timestamp}`, timestamp, headers: [] } as never)
            })
          },
          process: () => undefined,
        }))
        .mapValuesAsync(calls.f)
        .to(copies, { key: serdes.string, value: serdes.string }),
    ),
  )
  await world.task.punctuate(2_000)
  expect([calls.begun, world.task.deferred.holdsCommit]).toEqual([['tick 2000'], true])
  await calls.settle('tick 2000', 'told')
  await run(world)
  expect([world.written('copies'), world.task.deferred.holdsCommit]).toEqual([['k=told@2000'], false])
})

test('a task that is closed forgets what waits: it neither goes on nor counts as done', async () => {
  const { world, settle, fail, begun } = lookingUp({ concurrency: 1, retries: 5 })
  add(world, 'a1', 'b1', 'c1')
  await run(world)
  await world.task.close()
  await settle('b1', 'B1')
  await fail('a1', new Error('too late'))
  expect([begun, world.ready, world.written('copies'), world.task.deferred.size]).toEqual([['a1'], 0, [], 0])
})

test('an operator of one’s own defers its records', async () => {
  const calls = manualCalls<number>()
  const numbers: Topic<string, number> = topic('numbers', { key: serdes.string, value: serdes.long })
  const world = taskWorld(
    built((builder) =>
      builder
        .stream(texts)
        .apply<string, number>(
          {
            role: 'MY-',
            traits: { changesValue: true, readsValue: true },
            stores: [],
            start: (next, context) => (key, value) => context.defer(calls.f(value), (result) => next(key, result, context.record)),
          },
          { value: serdes.long },
        )
        .to(numbers),
    ),
  )
  add(world, 'a1', 'b1')
  await run(world)
  await calls.settle('b1', 2)
  await run(world)
  await calls.settle('a1', 1)
  await run(world)
  expect(world.written('numbers').map((line) => line.slice(0, 1))).toEqual(['b', 'a'])
})
