/** Processors among the DSL, several stores in one processor, punctuations of several sub-topologies, low-level topologies. */
import {
  hopping,
  joinWindow,
  keyValueStore,
  serdes,
  session,
  sessionStore,
  StreamRecord,
  Topology,
  tumbling,
  untilWindowCloses,
  windowStore,
  type KeyValueStoreSpec,
  type Processor,
} from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import {
  each,
  input,
  named,
  now,
  num,
  out,
  outLong,
  outSessionLong,
  outWindowedLong,
  pair,
  program,
  rows,
  texts,
  windowText,
  withKeys,
  word,
  type Text,
} from '../programs/kit.ts'
import { kept, text } from './kit.ts'

const utf8 = new TextEncoder()
const w10g5 = joinWindow(10).grace(5)

type Texts = () => Processor<Text, Text, Text, Text>

/** Forwards what comes, and ticks: `stream` every `m` ms of stream time, `wall` every `n` ms of the wall clock. */
const ticking = (stream: string, m: number, wall?: string, n = 0): Texts => {
  return () => {
    let pass: (record: StreamRecord<Text, Text>) => void
    return {
      init: (c) => {
        pass = (record) => void c.forward(record)
        c.schedule({ every: m, by: 'stream-time' }, (t) =>
          c.forward(new StreamRecord<Text, Text>(stream, `${stream} ${t} ${c.streamTime()}`, Math.max(0, t))),
        )
        if (wall !== undefined)
          c.schedule({ every: n, by: 'wall-clock' }, (t) => c.forward(new StreamRecord<Text, Text>(wall, `${wall} ${t}`, t)))
      },
      process: (record) => pass(record),
    }
  }
}

const counter = keyValueStore('n', { key: serdes.string, value: serdes.long, format: 'plain' })

/** Counts keys. */
const counting = (store: KeyValueStoreSpec<string, number>, mark: string): Texts =>
  each<Text, Text>((r, c) => {
    if (r.key === null) return
    const n = c.store(store)
    n.put(r.key, (now(n.get(r.key)) ?? 0) + 1)
    void c.forward(r.withValue<Text>(`${r.value}${mark}${now(n.get(r.key))}`))
  })

const threeStores = program((b) => {
  const kv = keyValueStore('kv', { ...texts, format: 'plain' })
  const w = windowStore('w', { ...texts, sizeMs: 10, retentionMs: 40, format: 'plain' })
  const se = sessionStore('se', { ...texts, retentionMs: 40 })
  for (const store of [kv, w, se]) b.addStateStore(store)
  b.stream(input('in'))
    .process<Text, Text>(
      each((r, c) => {
        const { key, value, timestamp: ts } = r
        if (key === null) return
        const old = now(c.store(kv).get(key)) ?? null
        c.store(kv).put(key, value)
        c.store(w).put(key, value, ts)
        const found = [...c.store(w).fetch(key, { from: Math.max(0, ts - 10), to: ts })].map(([at, v]) => `${at}=${v}`)
        let [start, end] = [ts, ts]
        let sum = String(value)
        const near = [...c.store(se).fetch(key, { earliestEnd: Math.max(0, ts - 5), latestStart: ts + 5 })]
        for (const [{ window }, v] of near) {
          start = Math.min(start, window.start)
          end = Math.max(end, window.end)
          sum = `${v}+${sum}`.slice(-60)
        }
        for (const [gone] of near) c.store(se).put(gone, null)
        c.store(se).put({ key, window: { start, end } }, sum)
        void c.forward(r.withValue<Text>(`${old} w ${found.join(',')} s ${start}-${end} ${sum}`))
      }),
      { stores: [kv, w, se] },
    )
    .to(out())
})

const readsTable = program((b) => {
  const t = keyValueStore('t', texts)
  const n = keyValueStore('n', { key: serdes.string, value: serdes.long })
  b.table(rows('in'), { store: t })
  const other = b.stream(input('other'))
  other.groupByKey(texts).count({ store: n })
  other
    .process<Text, Text>(
      each((r, c) => {
        if (r.key === null) return
        const x = now(c.store(t).entry(r.key))
        const y = now(c.store(n).entry(r.key))
        const shown = (e: { value: unknown; timestamp: number } | undefined): string =>
          e === undefined ? 'null' : `${String(e.value)}@${e.timestamp}`
        void c.forward(r.withValue<Text>(`${r.value} t ${shown(x)} n ${shown(y)}`))
      }),
      { stores: [t, n] },
    )
    .to(out())
})

const deduplicated = program((b) => {
  const seen = windowStore('seen', { key: serdes.string, value: serdes.long, sizeMs: 20, retentionMs: 60, format: 'plain' })
  b.addStateStore(seen)
  b.stream(input('in'))
    .processValues<Text>(
      each<Text, Text>((r, c) => {
        const id = word(r.value)
        const store = c.store(seen)
        const fresh = [...store.fetch(id, { from: Math.max(0, r.timestamp - 20), to: r.timestamp })].length === 0
        store.put(id, r.timestamp, r.timestamp)
        if (fresh) void c.forward(r)
      }),
      { stores: [seen] },
    )
    .groupByKey(named('g'))
    .count({ store: 's' })
    .toStream()
    .to(outLong())
})

const headersThrough = program((b) => {
  const a = b.stream(input('a')).process<Text, Text>(
    each((r, c) => void c.forward(r.withHeaders([...r.headers, ['p', utf8.encode(`${r.key === null ? 0 : r.key.length}`)]]))),
    texts,
  )
  withKeys(a.leftJoin(b.stream(input('b')), pair, { within: w10g5, name: 'j1', store: 'j1', ...text }))
    .leftJoin(b.table(rows('table'), { store: 't' }), pair, { name: 'j2', ...text })
    .groupBy((v) => word(v), named('g'))
    .windowedBy(tumbling(10).grace(20))
    .count({ store: 's' })
    .toStream()
    .map((n, w): [string, string] => [windowText(w), `n${n}`])
    .process<string, string>(() => {
      let pass: (record: StreamRecord<string, string>) => void
      return {
        init: (c) => {
          pass = (r) => void c.forward(r.withHeaders([...r.headers, ['q', utf8.encode(r.key)]]))
        },
        process: (r) => pass(r),
      }
    })
    .to(out())
})

const betweenTables = program((b) => {
  const u = b
    .table(rows('in'), { store: 't' })
    .toStream()
    .process<string, string>(
      each((r, c) => {
        if (r.value !== null) void c.forward(r.withKey(word(r.value)).withValue(`${r.value}@${c.streamTime()}`))
      }) as never,
    )
    .toTable({ name: 'tt', store: 'u', ...texts })
  u.leftJoin(b.table(rows('table'), { store: 'v' }), pair, kept('o'))
    .toStream()
    .process<Text, Text>(
      each((r, c) => {
        const m = c.metadata
        void c.forward(r.withValue<Text>(`${r.value} ${m === undefined ? 'none' : `${m.topic} ${m.offset}`}`))
      }) as never,
      { name: 'end' },
    )
    .to(out())
})

const anchored = program((b) => {
  const t = keyValueStore('t', { key: serdes.string, value: serdes.long })
  const s = b.stream(input('in'))
  s.groupByKey(texts).count({ store: t })
  s.process<Text, Text>(
    () => ({
      init: (c) => {
        c.schedule({ every: 20, by: 'wall-clock', startAt: 20 }, () => {
          const store = c.store(t)
          for (const [key, n] of store.range()) void c.forward(new StreamRecord<Text, Text>(key, `n${n}`, now(store.entry(key))!.timestamp))
        })
      },
      process: () => {},
    }),
    { stores: [t] },
  ).to(out())
})

/** A topology without the DSL, in parity mode. */
const lowLevel =
  (make: (topology: Topology) => Topology): Program =>
  () =>
    make(new Topology({ parity: true }))

const network = lowLevel((t) =>
  t
    .addSource('sa', input('a'))
    .addSource('sb', input('b'))
    .addSource('sc', input('c'))
    .addProcessor('p1', counting(counter, '#'), ['sa', 'sb'])
    .addProcessor(
      'p2',
      each<Text, Text>((r, c) => {
        if (num(r.value) % 3 === 0) void c.forward(r)
        else void c.forward(r.withValue<Text>(`${r.value}-2`), num(r.value) % 2 === 0 ? 'p3' : 'k2')
      }),
      ['p1', 'sc'],
    )
    .addProcessor('p3', ticking('x', 10, 't', 10), 'p2')
    .addStateStore(counter, 'p1')
    .addSink('k2', out('odd'), 'p2')
    .addSink('k1', out(), ['p1', 'p3'])
    .addSink('k3', (_v: Text, _k: Text, r) => `dyn-${r.timestamp % 2}`, 'p3', {
      ...texts,
      partitioner: (v) => (num(v) % 5 === 0 ? [] : undefined),
    }),
)

const throughTopic = lowLevel((t) =>
  t
    .addSource('s1', input('in'))
    .addProcessor(
      'p1',
      each<Text, Text>((r, c) => void c.forward(r.withKey<Text>(word(r.value)).withValue<Text>(`${r.value}+1`))),
      's1',
    )
    .addSink('k1', out('mid'), 'p1')
    .addSource('s2', input('mid'))
    .addProcessor('p2', counting(counter, '#'), 's2')
    .addStateStore(counter, 'p2')
    .addSink('k2', out(), 'p2')
    .addSink('k3', out('mid2'), 'p2')
    .addSource('s3', input('mid2'))
    .addProcessor(
      'p3',
      each<Text, Text>((r, c) => void c.forward(r.withValue<Text>(`${r.value} ${c.metadata!.offset}`))),
      's3',
    )
    .addSink('k4', out('out2'), 'p3'),
)

const sharedStore = lowLevel((t) =>
  t
    .addSource('sa', input('a'))
    .addSource('sb', input('b'))
    .addProcessor('pa', counting(counter, '#'), 'sa')
    .addProcessor(
      'pb',
      each<Text, Text>((r, c) => {
        const n = r.key === null ? null : (now(c.store(counter).get(r.key)) ?? null)
        void c.forward(r.withValue<Text>(`${r.value}/${n}`))
      }),
      'sb',
    )
    .addSink('k', out(), 'pb')
    .addProcessor(
      'pc',
      each<Text, Text>((r, c) => {
        if (r.key !== null && num(r.value) % 2 === 0)
          void c.forward(r.withValue<Text>(`gone ${now(c.store(counter).delete(r.key)) ?? null}`))
      }),
      'pb',
    )
    .addStateStore(counter, ['pa', 'pb'])
    .connect('pc', counter)
    .addSink('k2', out('gone'), 'pc'),
)

const globalAndReadOnly = lowLevel((t) => {
  const g = keyValueStore('g', { ...texts, format: 'plain' })
  const ro = keyValueStore('ro', { ...texts, format: 'plain' })
  const putting = (store: typeof g, mark: string): (() => Processor<Text, Text, never, never>) =>
    each<never, never>((r, c) => {
      if (r.key !== null) c.store(store).put(r.key, r.value === null ? null : `${r.value}${mark}`)
    })
  return t
    .addGlobalStore(g, input('tb'), putting(g, 'g'), { sourceName: 'g-src', processorName: 'g-proc' })
    .addReadOnlyStore(ro, input('ta'), putting(ro, ''), { sourceName: 'ro-src', processorName: 'ro-proc' })
    .addSource('src', input('in'))
    .addProcessor(
      'p',
      each<Text, Text>((r, c) => {
        const of = (store: typeof g): Text => (r.key === null ? null : (now(c.store(store).get(r.key)) ?? null))
        void c.forward(r.withValue<Text>(`${r.value}/${of(ro)}/${of(g)}`))
      }),
      'src',
    )
    .connect('p', ro)
    .addSink('sink', out(), 'p')
})

/** By id. */
export const mixedProcessors: Record<string, Program> = {
  'three-stores-one-processor': threeStores,
  'processor-reads-table': readsTable,
  'deduplicated-by-window-store': deduplicated,
  'headers-through-everything': headersThrough,
  'process-between-tables': betweenTables,
  'punctuations-of-two-subtopologies': program((b) =>
    b
      .stream(input('in'))
      .selectKey((v): Text => word(v))
      .process<Text, Text>(ticking('a', 10, 'b', 15), texts)
      .repartition(named('r'))
      .process<Text, Text>(ticking('c', 7))
      .to(out()),
  ),
  'punctuations-into-windows': program((b) =>
    b
      .stream(input('in'))
      .process<Text, Text>(ticking('a', 10, 'b', 15))
      .groupByKey(named('g'))
      .windowedBy(session(5).grace(10))
      .count({ store: { kind: 'session', name: 's', retentionMs: 1000 } })
      .suppress(untilWindowCloses(), { name: 'final' })
      .toStream()
      .to(outSessionLong()),
  ),
  'extractor-of-two-topics': program((b) =>
    b
      .stream([input('a'), input('b')], {
        timestamp: (v, _k, record, partitionTime) => {
          const n = num(v) % 4
          return n === 0 ? partitionTime : n === 1 ? -1 : record.timestamp
        },
      })
      .groupByKey(named('g'))
      .windowedBy(hopping(10, { advance: 5 }).grace(3))
      .count({ store: 's' })
      .toStream()
      .to(outWindowedLong(10)),
  ),
  'anchored-with-table': anchored,
  'low-level-network': network,
  'low-level-through-topic': throughTopic,
  'low-level-shared-store': sharedStore,
  'low-level-global-and-read-only': globalAndReadOnly,
}
