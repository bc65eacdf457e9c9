/** Aggregates of grouped streams: a map of sums. */
import * as fc from 'fast-check'
import { agrees, left, named, right } from './harness.ts'

const SUMS = ['counted', 'reduced', 'aggregated']
const adds: Record<string, (sum: string | undefined, value: string, key: string) => string | null> = {
  counted: (sum) => String(Number(sum ?? 0) + 1),
  reduced: (sum, value) => (sum === undefined ? value : value[0] === 'z' ? null : `${sum}+${value}`),
  aggregated: (sum, value, key) => (value[0] === 'z' ? null : `${sum ?? '0'}+${key}${value}`),
}

agrees('count, reduce and aggregate fold the values of a key, also of one that was made; null deletes, null keys and values are dropped', {
  settings: fc.record({ isRegrouped: fc.boolean(), isStored: fc.boolean() }),
  steps: (builder, { isRegrouped, isStored }) => {
    const [counted, reduced, aggregated] = SUMS.map(named)
    const stream = builder.stream(left)
    const options = { key: left.key, value: left.value }
    const grouped = () =>
      isRegrouped ? stream.groupBy((value) => (value === 'x' ? null : (value?.[0] ?? 'none')), options) : stream.groupByKey()
    const store = (name: string): { store?: string } => (isStored ? { store: name } : {})
    grouped().count(store('c')).toStream().mapValues(String).to(counted!)
    grouped()
      .reduce((sum, value) => adds['reduced']!(sum, value, ''), store('r'))
      .toStream()
      .to(reduced!)
    grouped()
      .aggregate(
        () => '0',
        (sum, value, key) => adds['aggregated']!(sum, value, key),
        { value: left.value, ...store('a') },
      )
      .toStream()
      .to(aggregated!)
    return SUMS.map(named)
  },
  naive: ({ tell, drop }, { isRegrouped }) => {
    const sums = new Map<string, { value: string; timestamp: number }>()
    return (record) => {
      const { value } = record
      const key = isRegrouped ? (value === 'x' ? null : (value?.[0] ?? 'none')) : record.key
      for (const to of SUMS) {
        // On its way through a topic a record without a key is left out, and not counted.
        if (key === null && isRegrouped) continue
        if (key === null) drop('null_key')
        else if (value === null) drop('null_value')
        else {
          const before = sums.get(`${to} ${key}`)
          const after = adds[to]!(before?.value, value, key)
          const timestamp = Math.max(record.timestamp, before?.timestamp ?? 0)
          if (after === null) sums.delete(`${to} ${key}`)
          else sums.set(`${to} ${key}`, { value: after, timestamp })
          tell({ ...record, to, key, value: after, timestamp })
        }
      }
    }
  },
})

agrees('D4: what an aggregate started from is no old value for the groups below, but in parity mode', {
  settings: fc.record({ parity: fc.boolean() }),
  parity: ({ parity }) => parity,
  steps: (builder) => {
    const texts = { key: left.key, value: left.value }
    builder
      .stream(left)
      .groupByKey()
      .aggregate(
        () => 'I',
        (sum, value) => (value[0] === 'z' ? null : sum.slice(-4) + value[0]),
        { value: left.value },
      )
      .groupBy((value) => ['all', value], texts)
      .aggregate(
        () => '',
        (sum, value) => `${sum}+${value}`,
        (sum, value) => `${sum}-${value}`,
        { value: left.value },
      )
      .toStream()
      .to(named('all'))
    return [named('all')]
  },
  naive: ({ tell, drop }, { parity }) => {
    const sums = new Map<string, { value: string; timestamp: number }>()
    let all: { value: string; timestamp: number } | undefined
    return (record) => {
      const { key, value } = record
      if (key === null) return drop('null_key')
      if (value === null) return drop('null_value')
      const before = sums.get(key)
      const after = value[0] === 'z' ? null : (before?.value ?? 'I').slice(-4) + value[0]
      const timestamp = Math.max(record.timestamp, before?.timestamp ?? 0)
      if (after === null) sums.delete(key)
      else sums.set(key, { value: after, timestamp })
      const old = before?.value ?? (parity ? 'I' : null)
      if (old === null && after === null) return
      const less = old === null || all === undefined ? all?.value : `${all.value}-${old}`
      const sum = after === null ? (less ?? null) : `${less ?? ''}+${after}`
      const time = Math.max(timestamp, all?.timestamp ?? 0)
      if (sum !== null) all = { value: sum, timestamp: time }
      tell({ ...record, to: 'all', key: 'all', value: sum, timestamp: time })
    }
  },
})

agrees('M1: a cogroup folds each of its streams in its own way into one sum', {
  settings: fc.record({ isRegrouped: fc.boolean() }),
  from: ['left', 'right'],
  steps: (builder, { isRegrouped }) => {
    const lefts = builder.stream(left)
    const options = { key: left.key, value: left.value }
    const grouped = isRegrouped ? lefts.groupBy((value) => value?.[0] ?? null, options) : lefts.groupByKey()
    grouped
      .cogroup<string>((sum, value, key) => (value?.[0] === 'z' ? null : `${sum}+${key}${value}`))
      .cogroup(builder.stream(right).groupByKey(), (sum, value) => (value?.[0] === 'z' ? null : `${sum}*${value}`))
      .aggregate(() => '0', { value: left.value })
      .toStream()
      .to(named('sums'))
    return [named('sums')]
  },
  naive: ({ tell, drop }, { isRegrouped }) => {
    const sums = new Map<string, { value: string; timestamp: number }>()
    return (record) => {
      const { from, value } = record
      const isMoved = isRegrouped && from === 'left'
      const key = isMoved ? (value?.[0] ?? null) : record.key
      if (key === null && isMoved) return
      if (key === null) return drop('null_key')
      if (value === null) return drop('null_value')
      const before = sums.get(key)
      const added = from === 'left' ? `+${key}${value}` : `*${value}`
      const after = value[0] === 'z' ? null : (before?.value ?? '0') + added
      const timestamp = Math.max(record.timestamp, before?.timestamp ?? 0)
      if (after === null) sums.delete(key)
      else sums.set(key, { value: after, timestamp })
      tell({ ...record, to: 'sums', key, value: after, timestamp })
    }
  },
})
