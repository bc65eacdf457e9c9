/** The programs of topologies without the DSL. */
import { keyValueStore, serdes, Topology } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { each, input, now, num, out, type Text } from './kit.ts'

const counter = keyValueStore('n', { key: serdes.string, value: serdes.long, format: 'plain' })

/** A topology without the DSL, in parity mode. */
function lowLevel(make: (topology: Topology) => Topology): Program {
  return () => make(new Topology({ parity: true }))
}

const appending = (text: string): ReturnType<typeof each<Text, Text>> =>
  each<Text, Text>((r, c) => void c.forward(r.withValue<Text>(`${r.value}${text}`)))

/** By id. */
export const topologies: Record<string, Program> = {
  'topology-children': lowLevel((t) =>
    t
      .addSource('src', input('in'))
      .addProcessor(
        'route',
        each<Text, Text>((r, c) => {
          if (num(r.value) % 4 === 0) void c.forward(r)
          else void c.forward(r, num(r.value) % 2 === 0 ? 'even' : 'odd')
        }),
        'src',
      )
      .addProcessor('even', appending('-even'), 'route')
      .addProcessor('odd', appending('-odd'), 'route')
      .addSink('all-sink', out('all'), 'route')
      .addSink('even-sink', out('even'), 'even')
      .addSink('odd-sink', out('odd'), 'odd'),
  ),
  'topology-two-parents': lowLevel((t) =>
    t
      .addSource('sa', input('a'))
      .addSource('sb', input('b'))
      .addProcessor(
        'p',
        each<Text, Text>((r, c) => {
          if (r.key === null) return
          const n = c.store(counter)
          n.put(r.key, (now(n.get(r.key)) ?? 0) + 1)
          void c.forward(r.withValue<Text>(`${r.value}#${now(n.get(r.key))}`))
        }),
        ['sa', 'sb'],
      )
      .addStateStore(counter, 'p')
      .addSink('sink', out(), 'p'),
  ),
  'topology-read-only-store': lowLevel((t) => {
    const ro = keyValueStore('ro', { key: serdes.string, value: serdes.string, format: 'plain' })
    return t
      .addReadOnlyStore(
        ro,
        input('table'),
        each<never, never>((r, c) => {
          if (r.key !== null) c.store(ro).put(r.key, r.value)
        }),
        { sourceName: 'ro-src', processorName: 'ro-proc' },
      )
      .addSource('src', input('in'))
      .addProcessor(
        'p',
        each<Text, Text>((r, c) => {
          const found = r.key === null ? null : (now(c.store(ro).get(r.key)) ?? null)
          void c.forward(r.withValue<Text>(`${r.value}/${found}`))
        }),
        'src',
      )
      .connect('p', ro)
      .addSink('sink', out(), 'p')
  }),
  'topology-subtopologies': lowLevel((t) =>
    ['a', 'b', 'c']
      .reduce(
        (sum, x) =>
          sum
            .addSource(`s${x}`, input(x))
            .addProcessor(`p${x}`, appending(x), `s${x}`)
            .addSink(`k${x}`, out(`out-${x}`), `p${x}`),
        t,
      )
      .addStateStore(counter, ['pa', 'pc']),
  ),
}
