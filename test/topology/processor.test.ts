import { expect, expectTypeOf, test } from 'vitest'
import { StreamRecord } from '../../src/model/record.ts'
import { process, processValues } from '../../src/operators/process.ts'
import type {
  FixedKeyProcessor,
  FixedKeyProcessorContext,
  FixedKeyRecord,
  Processor,
  ProcessorContext,
} from '../../src/topology/processor.ts'
import type { Operator } from '../../src/topology/operator.ts'

class Counter implements Processor<string, number, string, string> {
  #context: ProcessorContext<string, string> | undefined
  init(context: ProcessorContext<string, string>): void {
    this.#context = context
  }
  process(record: StreamRecord<string, number>): void | Promise<void> {
    return this.#context?.forward(record.withValue(`${record.value}`))
  }
}

class Marker implements FixedKeyProcessor<string, number, boolean> {
  #context: FixedKeyProcessorContext<string, boolean> | undefined
  init(context: FixedKeyProcessorContext<string, boolean>): void {
    this.#context = context
  }
  process(record: FixedKeyRecord<string, number>): void | Promise<void> {
    return this.#context?.forward(
      record
        .withValue(record.value > 0)
        .withTimestamp(1)
        .withHeaders([]),
    )
  }
}

test('a processor’s types are those of its step', () => {
  expectTypeOf(process(() => new Counter(), [])).toEqualTypeOf<Operator<string, number, string, string>>()
  expectTypeOf(processValues(() => new Marker(), [])).toEqualTypeOf<Operator<string, number, string, boolean>>()
  expectTypeOf<Parameters<Counter['process']>[0]['value']>().toEqualTypeOf<number>()
})

test('a record with a fixed key has no way to another key, and every stream record is one', () => {
  expectTypeOf<FixedKeyRecord<string, number>>().not.toHaveProperty('withKey')
  expectTypeOf<StreamRecord<string, number>>().toExtend<FixedKeyRecord<string, number>>()
  const record: FixedKeyRecord<string, number> = new StreamRecord('a', 1, 0)
  expect(record.withValue('x')).toEqual(new StreamRecord('a', 'x', 0))
})

test('what a processor forwards must fit', () => {
  const context: ProcessorContext<string, number> | undefined = undefined as ProcessorContext<string, number> | undefined
  // @ts-expect-error a text is no number
  void context?.forward(new StreamRecord('a', 'x', 0))
  // @ts-expect-error a number is no key of this step
  void context?.forward(new StreamRecord(1, 1, 0))
  expect(context).toBeUndefined()
})
