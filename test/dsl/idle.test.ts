import { describe, expect, test } from 'vitest'
import {
  hopping,
  joinWindow,
  minutes,
  seconds,
  serdes,
  session,
  sliding,
  StreamsBuilder,
  topic,
  tumbling,
  unlimited,
  untilTimeLimit,
  untilWindowCloses,
  type KTable,
  type Topology,
  type Windowed,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, copies, refused, texts } from '../support/shop-topics.ts'

const final = topic('final', { key: serdes.string, value: serdes.string })
const idle = seconds(30)

/** The windows of a table as text: `key@start=value`. */
function told(table: KTable<Windowed<string>, number, boolean>): void {
  table
    .toStream()
    .map((value, { key, window }) => [key, `${key}@${window.start}=${value}`], { key: serdes.string, value: serdes.string })
    .to(final)
}

/** Sends to a topology and says what it has told since the last call. */
function driving(topology: Topology, partitions = 1) {
  const driver = new TopologyTestDriver(topology, { partitions })
  return {
    driver,
    send: (key: string, timestamp: number, value = 'v') => driver.input(texts).send({ key, value, timestamp }),
    copy: (key: string, timestamp: number, value = 'w') => driver.input(copies).send({ key, value, timestamp }),
    told: () =>
      driver
        .output(final)
        .readAll()
        .map(({ value, timestamp }) => `${value} at ${timestamp}`),
    dropped: () => Object.fromEntries(driver.dropped()),
    [Symbol.dispose]: () => driver.close(),
  }
}

type Tables = Record<string, (builder: StreamsBuilder, idleMs: number | undefined) => KTable<Windowed<string>, number, boolean>>

const option = (idleMs: number | undefined): { idle?: number } => (idleMs === undefined ? {} : { idle: idleMs })
const grouped = (builder: StreamsBuilder) => builder.stream(texts).groupByKey()
/** One final result a window, each way to ask for it: windows of ten seconds. */
const tables: Tables = {
  'emit on-window-close': (builder, idleMs) =>
    grouped(builder)
      .windowedBy(tumbling(seconds(10)))
      .count({ emit: 'on-window-close', ...option(idleMs) }),
  'suppress until windows close': (builder, idleMs) =>
    grouped(builder)
      .windowedBy(tumbling(seconds(10)))
      .count()
      .suppress(untilWindowCloses(option(idleMs))),
  'suppress below emit on-commit': (builder, idleMs) =>
    grouped(builder)
      .windowedBy(tumbling(seconds(10)))
      .count({ emit: 'on-commit', ...option(idleMs) })
      .suppress(untilWindowCloses(option(idleMs))),
  'suppress, where the aggregation has the option, too': (builder, idleMs) =>
    grouped(builder)
      .windowedBy(tumbling(seconds(10)))
      .count(option(idleMs))
      .suppress(untilWindowCloses(option(idleMs))),
  'a cogroup, suppressed': (builder, idleMs) =>
    grouped(builder)
      .cogroup((sum: number) => sum + 1)
      .windowedBy(tumbling(seconds(10)))
      .aggregate(() => 0, { value: serdes.long, ...option(idleMs) })
      .suppress(untilWindowCloses(option(idleMs))),
}

describe.each(Object.entries(tables))('%s', (_, table) => {
  const topology = (idleMs: number | undefined): Topology => built((builder) => told(table(builder, idleMs)))

  test.each([1, 3])('tells the last window once when nothing comes for so long and its time is over, in %i partitions', (partitions) => {
    using app = driving(topology(idle), partitions)
    for (const key of ['a', 'b', 'c', 'd']) app.send(key, 1_000)
    app.send('a', 2_000)
    app.driver.advanceWallClock(idle - 1)
    expect(app.told()).toEqual([])
    app.driver.advanceWallClock(1)
    expect(app.told().toSorted()).toEqual(['a@0=2 at 2000', 'b@0=1 at 1000', 'c@0=1 at 1000', 'd@0=1 at 1000'])
    app.driver.advanceWallClock(minutes(10))
    expect(app.told()).toEqual([])
  })

  test('waits for the window’s end where that is later than the silence is long', () => {
    using app = driving(topology(seconds(1)))
    app.send('a', 2_000)
    app.driver.advanceWallClock(7_999)
    expect(app.told()).toEqual([])
    app.driver.advanceWallClock(1)
    expect(app.told()).toEqual(['a@0=1 at 2000'])
  })

  test('drops what comes afterwards for a window that was told, and counts it', () => {
    using app = driving(topology(idle))
    app.send('a', 2_000)
    app.driver.advanceWallClock(idle)
    expect(app.told()).toEqual(['a@0=1 at 2000'])
    // Time is at 32,000: this window is closed, too, and that of 30,000 is open.
    app.send('a', 9_000)
    app.send('b', 20_000)
    app.send('b', 31_000)
    expect(app.dropped()).toEqual({ late: 2 })
    app.send('c', 40_000)
    expect(app.told()).toEqual(['b@30000=1 at 31000'])
  })

  test('never tells anything by the clock without the option', () => {
    using app = driving(topology(undefined))
    app.send('a', 2_000)
    app.driver.advanceWallClock(minutes(100))
    expect(app.told()).toEqual([])
    app.send('a', 9_000)
    app.send('a', 10_000)
    expect([app.told(), app.dropped()]).toEqual([['a@0=2 at 9000'], {}])
  })

  test('a record, even one that is late, ends the silence: time stands until it is as long again', () => {
    using app = driving(topology(seconds(4)))
    app.send('a', 2_000)
    app.driver.advanceWallClock(6_000)
    app.send('a', 1_000)
    app.driver.advanceWallClock(3_999)
    expect(app.told()).toEqual([])
    app.driver.advanceWallClock(1)
    expect(app.told()).toEqual(['a@0=2 at 2000'])
  })
})

describe('windows of other kinds', () => {
  const close = { emit: 'on-window-close', idle: 1_000 } as const
  const until = untilWindowCloses({ idle: 1_000 })
  const kinds: Tables = {
    hopping: (builder) =>
      grouped(builder)
        .windowedBy(hopping(10_000, { advance: 5_000 }).grace(5_000))
        .count(close),
    sliding: (builder) => grouped(builder).windowedBy(sliding(10_000)).count(close),
    session: (builder) => grouped(builder).windowedBy(session(10_000).grace(5_000)).count(close),
    'suppressed sessions': (builder) => grouped(builder).windowedBy(session(10_000).grace(5_000)).count().suppress(until),
  }
  test.each([
    [
      'hopping',
      [
        [8_000, 'a@10000=1 at 17000'],
        [5_000, 'a@15000=1 at 17000'],
      ],
    ],
    ['sliding', [[1, 'a@7000=1 at 17000']]],
    ['session', [[15_001, 'a@17000=1 at 17000']]],
    ['suppressed sessions', [[15_001, 'a@17000=1 at 17000']]],
  ] as const)('%s: each comes when its time is over, not a millisecond earlier', (kind, expected) => {
    // prettier-ignore
    using app = driving(built((builder) => told(kinds[kind]!(builder, undefined))))
    app.send('a', 17_000)
    for (const [afterMs, result] of expected) {
      app.driver.advanceWallClock(Math.max(999, afterMs - 1))
      if (kind !== 'sliding') expect(app.told()).toEqual([])
      app.driver.advanceWallClock(1)
      expect(app.told()).toEqual([result])
    }
  })

  test('an unlimited window stays', () => {
    using app = driving(built((builder) => told(grouped(builder).windowedBy(unlimited()).count({ idle }))))
    app.send('a', 1)
    app.driver.advanceWallClock(minutes(1_000))
    app.send('a', 0)
    expect(app.told()).toEqual(['a@0=1 at 1', 'a@0=2 at 1'])
  })
})

describe('suppress until a time limit', () => {
  const topology = (idleMs: number): Topology =>
    built((builder) => builder.table(texts, { store: 't' }).suppress(untilTimeLimit(seconds(10), { idle: idleMs })).toStream().to(final)) // prettier-ignore

  test('lets the last change of a key through when nothing comes, and what comes later at once', () => {
    using app = driving(topology(seconds(5)))
    app.send('a', 1_000, 'first')
    app.send('a', 4_000, 'last')
    app.send('b', 3_000, 'other')
    app.driver.advanceWallClock(6_999)
    expect(app.told()).toEqual([])
    app.driver.advanceWallClock(1)
    // Of the key's first change time is 10 s later.
    expect(app.told()).toEqual(['last at 4000'])
    app.driver.advanceWallClock(2_000)
    expect(app.told()).toEqual(['other at 3000'])
    app.send('c', 2_000, 'late')
    expect([app.told(), app.dropped()]).toEqual([['late at 2000'], {}])
  })
})

describe('joins of streams', () => {
  const within = joinWindow(seconds(10)).grace(seconds(5))
  const join = (how: 'left' | 'outer', idleMs: number | undefined): Topology =>
    built((builder) => {
      const [left, right] = [builder.stream(texts), builder.stream(copies)]
      const options = { within, value: serdes.string, ...option(idleMs) }
      const text = (one: string | null, other: string | null): string => `${one ?? '-'}&${other ?? '-'}`
      if (how === 'left') left.leftJoin(right, text, options).to(final)
      else left.outerJoin(right, text, options).to(final)
    })

  test.each([1, 3])('what met nothing comes out alone when nothing comes for so long, in %i partitions', (partitions) => {
    using app = driving(join('outer', seconds(1)), partitions)
    for (const key of ['a', 'b', 'c', 'd']) app.send(key, 1_000)
    app.copy('a', 2_000)
    app.copy('e', 3_000)
    expect(app.told()).toEqual(['v&w at 2000'])
    app.driver.advanceWallClock(13_000)
    expect(app.told()).toEqual([])
    app.driver.advanceWallClock(3_001)
    expect(app.told().toSorted()).toEqual(['-&w at 3000', 'v&- at 1000', 'v&- at 1000', 'v&- at 1000'])
    app.driver.advanceWallClock(minutes(10))
    expect(app.told()).toEqual([])
  })

  test('what comes so late that all that it could meet is gone meets nothing, and is counted', () => {
    using app = driving(join('left', seconds(1)))
    app.send('a', 1_000)
    app.driver.advanceWallClock(seconds(60))
    expect(app.told()).toEqual(['v&- at 1000'])
    app.copy('a', 2_000)
    expect([app.told(), app.dropped()]).toEqual([[], { expired: 1 }])
    // Its window is over by the time there is: it comes out at once, as behind a record of that time.
    app.send('b', 3_000)
    expect(app.told()).toEqual(['v&- at 3000'])
  })

  test('nothing of it happens without the option', () => {
    using app = driving(join('left', undefined))
    app.send('a', 1_000)
    app.driver.advanceWallClock(minutes(100))
    app.copy('a', 2_000)
    expect([app.told(), app.dropped()]).toEqual([['v&w at 2000'], {}])
  })

  test('a join of one stream with itself takes the option', () => {
    const topology = built((builder) => {
      const stream = builder.stream(texts)
      stream.join(stream, (left, right) => `${left}&${right}`, { within, idle, value: serdes.string }).to(final)
    })
    using app = driving(topology)
    app.send('a', 1_000)
    app.driver.advanceWallClock(minutes(1))
    expect(app.told()).toEqual(['v&v at 1000'])
  })
})

describe('what is wrong', () => {
  test.each([0, -1, 1.5, Number.NaN])('%d is no time to wait: every step says so', (idleMs) => {
    const within = joinWindow(1)
    const error = refused((builder) => {
      const counted = grouped(builder).windowedBy(tumbling(1)).count({ idle: idleMs, name: 'counts' })
      told(counted)
      grouped(builder).windowedBy(session(1)).count({ idle: idleMs }).toStream()
      builder.stream(copies).join(builder.stream(final), (left, right) => left + right, { within, idle: idleMs })
      grouped(builder).cogroup((sum: number) => sum).windowedBy(tumbling(1)).aggregate(() => 0, { value: serdes.long, idle: idleMs }).toStream() // prettier-ignore
    })
    expect(error.mistakes.filter(({ message }) => message.includes('idle is'))).toHaveLength(4)
    expect(error.mistakes).toContainEqual(expect.objectContaining({ code: 'ARGUMENT_INVALID', node: 'counts' }))
    for (const until of [() => untilWindowCloses({ idle: idleMs }), () => untilTimeLimit(1, { idle: idleMs })])
      expect(until).toThrow(/idle is .*; give whole milliseconds/)
  })
})
