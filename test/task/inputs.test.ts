import { expect, test } from 'vitest'
import { CurrentRecord } from '../../src/model/record.ts'
import { utf8 } from '../../src/base/text.ts'
import { TaskInputs } from '../../src/task/inputs.ts'
import { RecordQueue } from '../../src/task/record-queue.ts'
import { AT } from '../../src/wire/batch-layout.ts'
import { BatchWriter } from '../../src/wire/batch-writer.ts'
import { built, copies, texts } from '../support/shop-topics.ts'

const source = built((builder) => builder.stream(texts).to(copies)).subtopologies[0]!.sources[0]!
const record = new CurrentRecord()

function inputsOf(caughtUp = true) {
  const inputs = new TaskInputs(() => caughtUp)
  const queue = (topic: string, partition: number, ...times: number[]): RecordQueue => {
    const made = new RecordQueue({ topic, partition }, source, { record, now: () => 0, position: 0 })
    inputs.add(made, () => undefined)
    if (times.length > 0) made.add(chunk(times))
    return made
  }
  return { inputs, queue }
}

function chunk(times: readonly number[], spoilt = false) {
  const writer = new BatchWriter()
  for (const time of times) writer.append(utf8('k'), utf8('v'), time, undefined)
  const bytes = writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 })
  if (spoilt) bytes[AT.magic] = 0
  return { bytes, from: 0, to: bytes.length, release: () => undefined }
}

test('the lowest time is first, ties go by topic and partition', () => {
  const { inputs, queue } = inputsOf()
  const b = queue('b', 0, 5)
  const a1 = queue('a', 1, 5)
  const a0 = queue('a', 0, 5)
  const early = queue('c', 0, 4)
  const order: RecordQueue[] = []
  for (let next = inputs.first(); next !== undefined; next = inputs.first()) {
    order.push(next.queue)
    next.queue.advance()
  }
  expect(order).toEqual([early, a0, a1, b])
  expect(inputs.of({ topic: 'a', partition: 1 })).toBe(a1)
  expect(inputs.of({ topic: 'a', partition: 2 })).toBeUndefined()
})

test('an empty partition that isn’t caught up holds the others back', () => {
  for (const caughtUp of [true, false]) {
    const { inputs, queue } = inputsOf(caughtUp)
    const full = queue('a', 0, 5)
    queue('b', 0)
    expect(inputs.first()?.queue).toBe(caughtUp ? full : undefined)
    expect(inputs.secondTime({ queue: full, head: () => undefined, prefetched: 0 })).toBe(caughtUp ? Infinity : -Infinity)
  }
})

test('one that can’t be read on asks for a commit first, and then says why', () => {
  const { inputs, queue } = inputsOf()
  const broken = queue('a', 0, 1)
  queue('b', 0, 2)
  broken.add(chunk([3], true))
  expect(inputs.wantCommit(0)).toBe(false)
  broken.advance()
  expect(inputs.first()).toBeUndefined()
  expect(inputs.wantCommit(1)).toBe(true)
  expect(() => inputs.wantCommit(0)).toThrow('a[0]@0: the batch has format 0')
})
