import { expect, test } from 'vitest'
import { serdes, topic } from '../../src/index.ts'
import { explanationText } from '../../src/testing/explanation-text.ts'
import { TopologyTestDriver, type Explanation } from '../../src/testing.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'

test('an explanation is a text', () => {
  const names = topic('names', { key: serdes.string, value: serdes.string })
  const topology = built((builder) =>
    builder
      .stream(texts)
      .groupByKey()
      .count({ store: 'c' })
      .toStream()
      .join(builder.table(names, { store: 'names' }), (count, name) => `${name}: ${count}`)
      .to(copies),
  )
  using driver = new TopologyTestDriver(topology)
  driver.input(names).send({ key: 'a', value: 'Ada', timestamp: 1 })
  driver.input(texts).send({ key: 'a', value: 'x', timestamp: 2 })
  driver.input(texts).send({ key: 'a', value: 'y', timestamp: 3 })
  const [, second] = driver.output(copies).readAll()
  expect(driver.explain(second!).toString().split('\n')).toEqual([
    'copies[0]@1: "a" → "Ada: 2" at 3',
    '  from texts[0]@1: "a" → "y" at 3',
    '  KSTREAM-AGGREGATE-0000000001: "a" → "y" at 3 gave "a" → 2 at 3',
    '    read c["a"] = 1',
    '    wrote c["a"] = 2',
    '  KTABLE-TOSTREAM-0000000002: "a" → 2 at 3 gave "a" → 2 at 3',
    '  KSTREAM-JOIN-0000000005: "a" → 2 at 3 gave "a" → "Ada: 2" at 3',
    '    read names["a"] = "Ada"',
    '  because',
    '    c["a"] = 1',
    '      from texts[0]@0: "a" → "x" at 2',
    '      KSTREAM-AGGREGATE-0000000001: "a" → "x" at 2',
    '        read c["a"]: nothing',
    '        wrote c["a"] = 1',
    '    names["a"] = "Ada"',
    '      from names[0]@0: "a" → "Ada" at 1',
    '      KTABLE-SOURCE-0000000004: "a" → "Ada" at 1',
    '        wrote names["a"] = "Ada"',
  ])
})

const reason = (about: Partial<Omit<Explanation, 'toString'>>): Explanation => ({
  record: { topic: 't', partition: 0, offset: 0, key: 1n, value: new Uint8Array([1, 255]), timestamp: 0 },
  trigger: 'commit',
  input: undefined,
  steps: [],
  because: [],
  inputs: [],
  ...about,
})

test('what was told isn’t told again, and values are short', () => {
  const cause = reason({ trigger: 'test' })
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  const shown = (value: unknown) => ({ store: 's', key: { key: 'w', window: { start: 0, end: 5 } }, value })
  const step = {
    node: 'step',
    in: { key: null, value: { value: { n: 1n }, old: 'before', latest: true }, timestamp: 7 },
    out: undefined,
    reads: [shown('x'.repeat(500)), shown(cyclic)],
    writes: [shown(null)],
  }
  const text = explanationText(reason({ trigger: 'wall-clock', steps: [step], because: [cause, cause] }))
  expect(text.split('\n').map((line) => line.slice(0, 60))).toEqual([
    't[0]@0: 1n → 0x01ff at 0',
    '  at 7 by the wall clock',
    '  step: null → {"n":"1n"} (was "before") at 7',
    `    read s["w" in 0…5] = "${'x'.repeat(34)}`,
    '    read s["w" in 0…5] = [object Object]',
    '    deleted s["w" in 0…5]',
    '  because',
    '    t[0]@0: 1n → 0x01ff at 0',
    '      put there by the test',
    '    t[0]@0: 1n → 0x01ff at 0: as told above',
  ])
})

test('it begins with what made it run', () => {
  const input = { topic: 'in', partition: 1, offset: 2, key: 'k', value: 'v', timestamp: 3 }
  const second = (about: Parameters<typeof reason>[0]): string => explanationText(reason(about)).split('\n')[1]!.trim()
  const steps = [{ node: 'step', in: { key: null, value: null, timestamp: 9 }, out: undefined, reads: [], writes: [] }]
  expect(second({ trigger: 'record' })).toBe('sent by the test')
  expect(second({ trigger: 'record', input })).toBe('from in[1]@2: "k" → "v" at 3')
  expect(second({ trigger: 'stream-time', input, steps })).toBe('at stream time 9, to which it was moved by in[1]@2: "k" → "v" at 3')
  expect(second({ trigger: 'commit' })).toBe('at a commit')
  expect(second({ trigger: 'commit', input })).toBe('at the commit behind in[1]@2: "k" → "v" at 3')
})

test('what lies far back is summed up', () => {
  const topology = built((builder) => builder.stream(texts).groupByKey().count().toStream().to(counts))
  using driver = new TopologyTestDriver(topology)
  for (let n = 0; n < 8; n++) driver.input(texts).send({ key: 'a', value: 'x' })
  const text = driver.explain(driver.output(counts).readAll().at(-1)!).toString()
  expect(text.split('\n').at(-1)!.trim()).toMatch(/= 1: goes back to 1 input$/)
})
