/**
 * Programs that Kafka Streams refuses, and some that look wrong and are accepted (rejections.json): each line is written with this library and must
 * be answered as there, when it is declared, built or made a task of. What needs a part that isn't there yet says which: when that comes, the line has
 * to be written. Lines that are refused on purpose although the JVM accepts them are listed with the reason.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as api from '../../src/index.ts'
import {
  hopping,
  joinWindow,
  keyValueStore,
  otherwise,
  serdes,
  session,
  sessionStore,
  sliding,
  StreamsBuilder,
  Topology,
  topic,
  tumbling,
  unlimited,
  windowStore,
  type BuildOptions,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { untyped } from '../support/untyped.ts'
import { each, input, named, out, texts, type Text } from './programs/kit.ts'

interface Line {
  readonly id: string
  readonly about: string
  readonly stage: 'declare' | 'build' | 'start' | 'accepted'
}

const lines = JSON.parse(readFileSync(join(import.meta.dirname, 'rejections.json'), 'utf8')) as readonly Line[]

/** Declares, builds and starts a program. */
function run(make: (builder: StreamsBuilder) => unknown, options: BuildOptions = {}): void {
  const builder = new StreamsBuilder()
  make(builder)
  new TopologyTestDriver(builder.build(options)).close()
}

const text = { key: serdes.string, value: serdes.string }
const counted = { key: serdes.string, value: serdes.long }
const passing = each<Text, Text>((record, context) => void context.forward(record))
const step = (name: string) => () =>
  run((b) =>
    b
      .stream(input('in'))
      .filter(() => true, { name })
      .to(out()),
  )

const programs: Readonly<Record<string, () => unknown>> = {
  'window-size-zero': () => tumbling(0),
  'window-negative-grace': () => tumbling(10).grace(-1),
  'window-advance-zero': () => hopping(10, { advance: 0 }),
  'window-advance-too-large': () => hopping(10, { advance: 11 }),
  'retention-too-small': () => windowed(14),
  'retention-exact': () => windowed(15),
  'name-with-space': step('a b'),
  'name-empty': step(''),
  'name-dot': step('.'),
  'name-too-long': step('x'.repeat(250)),
  'store-name-bad': () => run((b) => b.stream(input('in')).groupByKey(texts).count({ store: 'a/b' })),
  'node-name-twice': () =>
    run((b) => {
      const s = b.stream(input('in'))
      for (let i = 0; i < 2; i++) s.filter(() => true, { name: 'f' })
    }),
  'store-name-twice': () =>
    run((b) => {
      for (const name of ['a', 'b']) b.stream(input(name)).groupByKey(texts).count({ store: 's' })
    }),
  'stream-and-table-of-one-topic': () =>
    run((b) => {
      b.stream(input('in'))
      b.table(input('in'))
    }),
  'two-tables-of-one-topic': () =>
    run((b) => {
      for (const store of ['t1', 't2']) b.table(input('in'), { store })
    }),
  'overlapping-topic-lists': () =>
    run((b) => {
      b.stream([input('a'), input('b')])
      b.stream([input('b'), input('c')])
    }),
  'same-topic-two-resets': () =>
    run((b) => {
      b.stream(input('in'), { startFrom: 'earliest' })
      b.stream(input('in'), { startFrom: 'latest' })
    }),
  // A step lists specs, which add their stores: what was never added can only be asked for without being listed, or connected at the low level.
  'unknown-store': () =>
    new Topology().addSource('s', input('in')).addProcessor('p', passing, 's').connect('p', keyValueStore('nobody', counted)),
  'unconnected-store': () => {
    const added = keyValueStore('added', counted)
    run((b) => {
      b.addStateStore(added)
      b.stream(input('in')).process<Text, Text>(() => ({ init: (context) => void context.store(added), process: () => undefined }))
    })
  },
  'same-processor-object': () => {
    const one = passing()
    run((b) => b.stream(input('in')).process<Text, Text>(() => one))
  },
  'no-serde-at-sink': () =>
    run((b) =>
      b
        .stream(input('in'))
        .selectKey((v): Text => v)
        .to(() => 'out'),
    ),
  // An object can't have two branches of one name; two splits can.
  'branch-name-twice': () =>
    run((b) => {
      const s = b.stream(input('in'))
      for (let i = 0; i < 2; i++) s.split({ a: () => true, b: otherwise }, { name: 'x-' })
    }),
  'empty-topic-list': () => run((b) => b.stream([])),
  'repartition-zero-partitions': () =>
    run((b) =>
      b
        .stream(input('in'))
        .repartition({ partitions: 0, ...named('re') })
        .to(out()),
    ),
  'sliding-difference-zero': () => run((b) => b.stream(input('in')).groupByKey(texts).windowedBy(sliding(0)).count({ store: 's' })),
  'sliding-difference-negative': () => sliding(-1),
  'session-gap-zero': () => run((b) => b.stream(input('in')).groupByKey(texts).windowedBy(session(0)).count({ store: 's' })),
  'session-retention-too-small': () =>
    run((b) =>
      b
        .stream(input('in'))
        .groupByKey(texts)
        .windowedBy(session(5).grace(5))
        .count({ store: sessionStore('s', { ...counted, retentionMs: 9 }) }),
    ),
  'unlimited-negative-start': () => unlimited(-1),
  'emit-on-close-unlimited': () =>
    run((b) =>
      b
        .stream(input('in'))
        .groupByKey(texts)
        .windowedBy(unlimited(0))
        .count({ store: 's', emit: untyped('on-window-close') }),
    ),
  'join-difference-negative': () => joinWindow(-1),
  'join-window-empty': () => joinWindow(10).before(-11),
  'join-window-point': () => joinWindow(10).before(-10),
  'join-stores-no-duplicates': () => joined({}, { duplicates: false }),
  'join-stores-same-name': () => joined({}, { name: 'left' }),
  'join-stores-wrong-retention': () => joined({ retentionMs: 24 }, { retentionMs: 24 }),
  'cogroup-null-aggregator': () => run((b) => call(b.stream(input('in')).groupByKey(texts), 'cogroup', null)),
  'papi-unknown-parent': () => new Topology().addSource('s', input('in')).addProcessor('p', passing, 'nobody'),
  'papi-own-parent': () => new Topology().addSource('s', input('in')).addProcessor('p', passing, 'p'),
  'papi-sink-to-source-topic': () =>
    new TopologyTestDriver(new Topology().addSource('s', topic('in', text)).addSink('k', topic('in', text), 's')).close(),
  'explicit-naming-unnamed': () => explicitly({}, {}),
  'explicit-naming-named': () => explicitly({ name: 'g' }, { store: 's' }),
}

/** Lines that are refused although the JVM accepts them: they would fail when the application runs. */
const stricter: Readonly<Record<string, string>> = {
  'buffer-no-records': 'a buffer that holds nothing does nothing but cost',
  'suppress-negative-limit': 'a negative limit means no limit there, and is a slip of the pen here',
  'repartition-zero-partitions': 'the JVM fails when it comes to creating the topic; a count below 1 is refused at build()',
}

/** What another release brings, by name: looked up when the line runs. */
interface Coming {
  readonly [name: string]: ((...given: readonly unknown[]) => Coming) | undefined
}

const lib: Coming = untyped(api)

const call = (of: unknown, name: string, ...given: readonly unknown[]): Coming => {
  const target: Coming = untyped(of)
  return target[name]!(...given)
}

const countedInWindows = (b: StreamsBuilder) => b.stream(input('in')).groupByKey(texts).windowedBy(tumbling(10)).count({ store: 's' })
const versioned = (historyMs: number): unknown => lib['versionedStore']!('t', { ...text, historyMs })
const graceJoin = (b: StreamsBuilder, store: unknown, grace: number): unknown => {
  const table = call(b, 'table', topic('t', text), { store })
  return call(call(b, 'stream', topic('in', text)), 'join', table, (l: string, r: string) => l + r, { grace })
}

/** Lines about parts that may not be there yet: they run as soon as the export is. */
const coming: Readonly<Record<string, { readonly needs: string; readonly program: () => unknown }>> = {
  'suppress-final-unwindowed': {
    needs: 'untilWindowCloses',
    program: () => run((b) => call(b.stream(input('in')).groupByKey(texts).count({ store: 's' }), 'suppress', lib['untilWindowCloses']!())),
  },
  'no-serde-in-suppress': {
    needs: 'untilWindowCloses',
    program: () =>
      run((b) =>
        call(
          countedInWindows(b).mapValues((n) => `${n}`),
          'suppress',
          lib['untilWindowCloses']!(),
        ),
      ),
  },
  'buffer-no-records': {
    needs: 'untilTimeLimit',
    program: () => run((b) => call(countedInWindows(b), 'suppress', lib['untilTimeLimit']!(10, { maxRecords: 0, onFull: 'emit-early' }))),
  },
  'suppress-negative-limit': { needs: 'untilTimeLimit', program: () => lib['untilTimeLimit']!(-1) },
  'suppress-versioned': {
    needs: 'versionedStore',
    program: () => run((b) => call(call(b, 'table', topic('t', text), { store: versioned(100) }), 'suppress', lib['untilTimeLimit']!(10))),
  },
  'grace-join-unversioned': { needs: 'versionedStore', program: () => run((b) => graceJoin(b, 't', 10)) },
  'grace-join-exceeds-history': { needs: 'versionedStore', program: () => run((b) => graceJoin(b, versioned(100), 101)) },
  'global-versioned': {
    needs: 'globalTable',
    program: () =>
      run((b) => call(b, 'globalTable', topic('t', text), { store: lib['versionedStore']?.('t', { ...text, historyMs: 100 }) })),
  },
}

const isThere = (name: string): boolean =>
  name in api || (name === 'globalTable' && 'globalTable' in StreamsBuilder.prototype && 'versionedStore' in api)

const waiting = Object.entries(coming).filter(([, { needs }]) => !isThere(needs))

/** All that can be run. */
const written: Readonly<Record<string, () => unknown>> = {
  ...programs,
  ...Object.fromEntries(Object.entries(coming).flatMap(([id, { needs, program }]) => (isThere(needs) ? [[id, program] as const] : []))),
}

function windowed(retentionMs: number): void {
  const store = windowStore('s', { ...counted, sizeMs: 10, retentionMs })
  run((b) => b.stream(input('in')).groupByKey(texts).windowedBy(tumbling(10).grace(5)).count({ store }))
}

/** A join over stores of its own: difference 10 and grace 5 need windows of 20 that are kept for 25. */
function joined(
  left: { readonly retentionMs?: number },
  right: { readonly retentionMs?: number; readonly name?: string; readonly duplicates?: boolean },
): void {
  const kept = { ...text, sizeMs: 20, retentionMs: 25, duplicates: true }
  const { name = 'right', ...more } = right
  run((b) => {
    const [l, r] = ['l', 'r'].map((from) => b.stream(topic(from, text)))
    l!.join(r!, (a, c) => a + c, {
      within: joinWindow(10).grace(5),
      stores: [windowStore('left', { ...kept, ...left }), windowStore(name, { ...kept, ...more })],
    })
  })
}

function explicitly(grouping: { readonly name?: string }, store: { readonly store?: string }): void {
  const make = (b: StreamsBuilder): unknown =>
    b
      .stream(input('in'))
      .selectKey((v): Text => v)
      .groupByKey({ ...texts, ...grouping })
      .count(store)
  run(make, { ensureExplicitInternalResourceNaming: true })
}

test('every line is written, or waits for a part that isn’t there', () => {
  const ids = lines.map(({ id }) => id)
  expect([...Object.keys(programs), ...Object.keys(coming)].sort()).toEqual([...ids].sort())
  expect(ids.length).toBeGreaterThan(40)
  for (const [id, { needs }] of waiting) console.log(`waits for ${needs}: ${id}`)
  expect(Object.keys(written).length + waiting.length).toBe(ids.length)
})

test.each(lines.filter(({ id }) => id in written))('$id ($about): $stage', ({ id, stage }) => {
  if (stage !== 'accepted' || id in stricter)
    expect(() => written[id]!()).toThrow(expect.objectContaining({ code: expect.any(String) as string }))
  else expect(written[id]!()).not.toBeInstanceOf(Error)
})

test('what is refused on purpose is accepted by the JVM', () => {
  for (const id of Object.keys(stricter)) expect(lines.find((line) => line.id === id)?.stage).toBe('accepted')
})
