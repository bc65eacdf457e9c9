/** The programs of the groups `processor` and `punctuation`. */
import {
  keyValueStore,
  serdes,
  StreamRecord,
  tumbling,
  type KeyValueStore,
  type Processor,
  type ProcessorContext,
} from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { add, each, input, named, now, num, out, outLong, outWindowed, outWindowedLong, program, tail, word, type Text } from './kit.ts'

const utf8 = new TextEncoder()
const counter = keyValueStore('n', { key: serdes.string, value: serdes.long, format: 'plain' })

/** A processor that only schedules. */
function ticking(setup: (context: ProcessorContext<Text, Text>) => void): () => Processor<Text, Text, Text, Text> {
  return () => ({ init: setup, process: () => {} })
}

/** Counts keys in store n and reports every row when due. */
function counting(
  by: 'stream-time' | 'wall-clock',
  report: (key: string, n: number, time: number) => StreamRecord<Text, Text>,
): () => Processor<Text, Text, Text, Text> {
  return () => {
    let n: KeyValueStore<string, number>
    return {
      init: (context) => {
        n = context.store(counter)
        context.schedule({ every: 10, by }, (time) => {
          for (const [key, count] of n.range()) void context.forward(report(key, count, Math.max(0, time)))
        })
      },
      process: ({ key }) => {
        if (key !== null) n.put(key, (now(n.get(key)) ?? 0) + 1)
      },
    }
  }
}

function punctuating(by: 'stream-time' | 'wall-clock'): Program {
  return program((b) => {
    b.addStateStore(counter)
    b.stream(input('in'))
      .process(
        counting(by, (key, n, time) => new StreamRecord<Text, Text>(key, `at ${time} n ${n}`, time)),
        { stores: [counter] },
      )
      .to(out())
  })
}

/** By id. */
export const processors: Record<string, Program> = {
  'processor-store': program((b) => {
    const seen = keyValueStore('seen', { key: serdes.string, value: serdes.string, format: 'plain' })
    b.addStateStore(seen)
    b.stream(input('in'))
      .process<Text, Text>(
        each((r, c) => {
          if (r.key === null || r.value === null) return
          const store = c.store(seen)
          const before = now(store.putIfAbsent(r.key, r.value)) ?? null
          void c.forward(r.withValue<Text>(`${before}>${r.value}`))
          if (num(r.value) % 5 === 0) void store.delete(r.key)
        }),
        { stores: [seen] },
      )
      .to(out())
  }),
  'processor-forward-shapes': program((b) =>
    b
      .stream(input('in'))
      .process<Text, Text>(
        each((r, c) => {
          void c.forward(r.withValue<Text>(`${r.value}a`).withTimestamp(r.timestamp + 100))
          void c.forward(r.withKey<Text>(`x${r.key}`).withValue<Text>(`${r.value}b`).withTimestamp(0))
          void c.forward(r.withValue<Text>(`${r.value}c`).withHeaders([['n', utf8.encode(`${num(r.value)}`)]]))
          void c.forward(r.withKey<Text>(null).withValue<Text>(null))
        }),
      )
      .to(out()),
  ),
  'processor-changed-time-then-window': program((b) =>
    b
      .stream(input('in'))
      .process<Text, Text>(each((r, c) => void c.forward(r.withTimestamp(Math.max(0, r.timestamp - 10 * (num(r.value) % 3))))))
      .groupByKey(named('g'))
      .windowedBy(tumbling(10).grace(5))
      .count({ store: 's' })
      .toStream()
      .to(outWindowedLong(10)),
  ),
  'processor-metadata': program((b) =>
    b
      .stream([input('a'), input('b')])
      .process<Text, Text>(
        each((r, c) => {
          const m = c.metadata!
          void c.forward(r.withValue<Text>(`${m.topic} ${m.partition} ${m.offset} ${c.streamTime()} ${c.taskId} ${c.applicationId}`))
        }),
      )
      .to(out()),
  ),
  'processor-metadata-repartitioned': program((b) =>
    b
      .stream(input('in'))
      .selectKey((v): Text => word(v))
      .repartition(named('re'))
      .process<Text, Text>(
        each((r, c) => void c.forward(r.withValue<Text>(`${c.metadata!.topic} ${c.metadata!.offset} ${c.streamTime()}`))),
      )
      .to(out()),
  ),
  'processor-shared-store': program((b) => {
    b.addStateStore(counter)
    b.stream(input('a')).process<never, never>(
      each((r, c) => {
        const n = c.store(counter)
        if (r.key !== null) n.put(r.key, (now(n.get(r.key)) ?? 0) + 1)
      }),
      { stores: [counter] },
    )
    b.stream(input('b'))
      .process<Text, Text>(
        each((r, c) => {
          const n = r.key === null ? null : (now(c.store(counter).get(r.key)) ?? null)
          void c.forward(r.withValue<Text>(`${r.value}=${n}`))
        }),
        { stores: [counter] },
      )
      .to(out())
  }),
  'processor-brings-store': program((b) => {
    const ts = keyValueStore('ts', { key: serdes.string, value: serdes.string })
    b.stream(input('in'))
      .process<Text, Text>(
        each((r, c) => {
          if (r.key === null) return
          const store = c.store(ts)
          const old = now(store.entry(r.key))
          store.put(r.key, r.value)
          void c.forward(r.withValue<Text>(old === undefined ? 'was nothing' : `was ${old.value} at ${old.timestamp}`))
        }),
        { name: 'p', stores: [ts] },
      )
      .to(out())
  }),
  'processor-header-store': program((b) => {
    const h = keyValueStore('h', { key: serdes.string, value: serdes.string, format: 'headers' })
    b.stream(input('in'))
      .process<Text, Text>(
        each((r, c) => {
          if (r.key === null) return
          const store = c.store(h)
          const old = now(store.entry(r.key))
          store.put(r.key, r.value)
          void c.forward(r.withValue<Text>(old === undefined ? '-1 null' : `${old.headers.length} ${old.value}`))
        }),
        { stores: [h] },
      )
      .to(out())
  }),
  'process-then-group': program((b) =>
    b
      .stream(input('in'))
      .process<Text, Text>(each((r, c) => void c.forward(r.withKey<Text>(word(r.value)))))
      .groupByKey(named('g'))
      .count({ store: 's' })
      .toStream()
      .to(outLong()),
  ),
  'process-values-then-group': program((b) => {
    b.addStateStore(counter)
    b.stream(input('in'))
      .processValues<Text>(
        each<Text, Text>((r, c) => {
          if (r.key === null) return
          const n = c.store(counter)
          n.put(r.key, (now(n.get(r.key)) ?? 0) + 1)
          void c.forward(r.withValue<Text>(`${r.value}#${now(n.get(r.key))}`))
        }),
        { stores: [counter] },
      )
      .groupByKey(named('g'))
      .reduce((a, v) => tail(`${a}+${v}`), { store: 's' })
      .toStream()
      .to(out())
  }),
  'process-values-headers': program((b) =>
    b
      .stream(input('in'))
      .processValues<Text>(
        each<Text, Text>((r, c) => {
          const seen = r.withHeaders([...r.headers, ['seen', utf8.encode(`${num(r.value)}`)]])
          void c.forward(seen.withValue<Text>(`${r.value}!`))
          void c.forward(seen.withTimestamp(r.timestamp + 1))
        }),
      )
      .to(out()),
  ),
  'process-values-filtering': program((b) => {
    const s = b.stream(input('in'))
    s.processValues<Text>(
      each<Text, Text>((r, c) => {
        if (num(r.value) % 2 === 0) void c.forward(r)
      }),
      { name: 'pv' },
    ).to(out())
    s.process<never, never>(
      each(() => {}),
      { name: 'sink' },
    )
  }),
  'punctuate-stream-time': punctuating('stream-time'),
  'punctuate-stream-time-jumpy': punctuating('stream-time'),
  'punctuate-wall-clock': punctuating('wall-clock'),
  'punctuate-anchored': program((b) =>
    b
      .stream(input('in'))
      .process<Text, Text>(
        ticking((c) => {
          c.schedule({ every: 10, by: 'stream-time', startAt: 7 }, (t) => c.forward(new StreamRecord<Text, Text>('s', `stream ${t}`, t)))
          c.schedule({ every: 10, by: 'wall-clock', startAt: 33 }, (t) => c.forward(new StreamRecord<Text, Text>('w', `wall ${t}`, t)))
        }),
      )
      .to(out()),
  ),
  'punctuate-several': program((b) =>
    b
      .stream(input('in'))
      .process<Text, Text>(
        ticking((c) => {
          for (const [letter, every] of [
            ['a', 10],
            ['b', 15],
            ['c', 5],
          ] as const) {
            c.schedule({ every, by: 'stream-time' }, (t) => c.forward(new StreamRecord<Text, Text>(letter, `${letter} ${t}`, t)))
          }
        }),
      )
      .to(out()),
  ),
  'punctuate-cancel': program((b) =>
    b
      .stream(input('in'))
      .process<Text, Text>(
        ticking((c) => {
          let n = 0
          const self = c.schedule({ every: 10, by: 'wall-clock' }, (t) => {
            void c.forward(new StreamRecord<Text, Text>('p', `n ${++n}`, t))
            if (n !== 3) return
            self.cancel()
            c.schedule({ every: 15, by: 'wall-clock' }, (u) => c.forward(new StreamRecord<Text, Text>('q', `at ${u}`, u)))
          })
        }),
      )
      .to(out()),
  ),
  'punctuate-context': program((b) =>
    b
      .stream(input('in'))
      .process<Text, Text>(
        ticking((c) => {
          c.schedule({ every: 10, by: 'wall-clock' }, (t) => {
            const m = c.metadata
            // Kafka Streams has a dummy context here: no topic, partition and offset −1.
            const where = m === undefined ? 'null -1 -1' : `${m.topic} ${m.partition} ${m.offset}`
            return c.forward(new StreamRecord<Text, Text>('c', `${where} stream ${c.streamTime()} wall ${c.now()}`, t))
          })
        }),
      )
      .to(out()),
  ),
  'punctuate-then-aggregate': program((b) => {
    b.addStateStore(counter)
    b.stream(input('in'))
      .process<Text, Text>(
        counting('wall-clock', (key, n, time) => new StreamRecord<Text, Text>(key, `n${n}`, time)),
        { stores: [counter] },
      )
      .groupByKey(named('g'))
      .windowedBy(tumbling(20))
      .reduce(add, { store: 's' })
      .toStream()
      .to(outWindowed(20))
  }),
}
