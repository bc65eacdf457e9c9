/** Processors with a store, and punctuations by both clocks. */
import * as fc from 'fast-check'
import {
  keyValueStore,
  serdes,
  StreamRecord,
  type Cancellable,
  type FixedKeyProcessor,
  type Processor,
  type ProcessorContext,
} from '../../../src/index.ts'
import { agrees, left, named } from './harness.ts'

interface Settings {
  /** Of stream time and of the wall clock, in ms. */
  readonly every: number
  readonly wallEvery: number
  readonly startAt: number | undefined
}

const counts = keyValueStore('counts', { key: serdes.string, value: serdes.string })

/** Counts the records of each key, and tells all counts when it is time, until a `z` comes. */
function counting({ every, wallEvery, startAt }: Settings): Processor<string | null, string | null, string, string> {
  let context: ProcessorContext<string, string>
  let schedules: Cancellable[] = []
  const tellAll =
    (clock: string) =>
    (now: number): void => {
      for (const [key, value] of context.store(counts).range()) void context.forward(new StreamRecord(key, `${clock}${value}`, now))
    }
  return {
    init: (given) => {
      context = given
      const from = startAt === undefined ? {} : { startAt }
      const byStream = context.schedule({ every, by: 'stream-time', ...from }, tellAll('s'))
      schedules = [byStream, context.schedule({ every: wallEvery, by: 'wall-clock', ...from }, tellAll('w'))]
    },
    process: (record) => {
      const key = record.key ?? 'none'
      const store = context.store(counts)
      const before = store.get(key)
      store.put(key, `${typeof before === 'string' ? before : ''}+`)
      void context.forward(record.withKey(key).withValue(`${record.value}`))
      if (record.value?.[0] === 'z') for (const schedule of schedules) schedule.cancel()
    },
  }
}

agrees(
  'U1–U6: a processor punctuates when a point of its grid has passed, once for all that were skipped, with its store in order of keys',
  {
    settings: fc.record({
      every: fc.integer({ min: 1, max: 20 }),
      wallEvery: fc.constantFrom(1, 300, 700, 1000),
      startAt: fc.option(fc.nat(30), { nil: undefined }),
    }),
    steps: (builder, settings) => {
      const texts = { key: serdes.string, value: serdes.string }
      builder
        .stream(left)
        .process(() => counting(settings), { stores: [counts], ...texts })
        .processValues<string>(() => {
          let context: Parameters<NonNullable<FixedKeyProcessor<string, string, string>['init']>>[0]
          return {
            init: (given) => void (context = given),
            process: (record) => void context.forward(record.withValue(`${record.value}!`)),
          }
        })
        .to(named('out'))
      return [named('out')]
    },
    naive: (world, { every, wallEvery, startAt }) => {
      const rows = new Map<string, string>()
      let [streamTime, isOver] = [-1, false]
      let due = startAt ?? 0
      let wallDue = startAt === undefined || startAt === 0 ? wallEvery : startAt
      const tellAll = (clock: string, timestamp: number): void => {
        const sorted = [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1))
        for (const [key, value] of sorted) world.tell({ key, value: `${clock}${value}!`, timestamp, mark: null })
      }
      return {
        record: (record) => {
          const key = record.key ?? 'none'
          rows.set(key, `${rows.get(key) ?? ''}+`)
          world.tell({ ...record, key, value: `${record.value}!` })
          isOver ||= record.value?.[0] === 'z'
          streamTime = Math.max(streamTime, record.timestamp)
          if (isOver || streamTime < due) return
          tellAll('s', streamTime)
          while (due <= streamTime) due += every
        },
        waited: () => {
          if (isOver || world.now < wallDue) return
          tellAll('w', world.now)
          while (wallDue <= world.now) wallDue += wallEvery
        },
      }
    },
  },
)
