/** Steps without state: what arrays do. */
import * as fc from 'fast-check'
import { otherwise } from '../../../src/index.ts'
import { agrees, left, named, out, right } from './harness.ts'

const MADE = ['filter', 'filterNot', 'map', 'mapValues', 'flatMap', 'flatMapValues', 'selectKey', 'peek']

agrees('filter, filterNot, map, mapValues, flatMap, flatMapValues, selectKey and peek are what arrays do', {
  settings: fc.constant('none'),
  steps: (builder) => {
    const stream = builder.stream(left)
    const seen: string[] = []
    const [filter, filterNot, map, mapValues, flatMap, flatMapValues, selectKey, peek] = MADE.map(named)
    stream.filter((value, key) => value !== 'x' && key !== 'a').to(filter!)
    stream.filterNot((value, key) => value !== 'x' && key !== 'a').to(filterNot!)
    stream.map((value, key) => [value, key]).to(map!)
    stream.mapValues((value) => (value === 'x' ? null : `${value}!`)).to(mapValues!)
    stream.flatMap((value, key, { timestamp }) => Array.from({ length: timestamp % 3 }, (_, i) => [`${key}${i}`, value])).to(flatMap!)
    stream.flatMapValues((value) => (value === null ? [] : [value, null, `${value}2`])).to(flatMapValues!)
    stream.selectKey((value) => value).to(selectKey!)
    stream
      .peek((value, key, { timestamp }) => void seen.push(`${key} ${value} ${timestamp}`))
      .mapValues(() => seen.pop()!)
      .to(peek!)
    return MADE.map(named)
  },
  naive:
    ({ tell }) =>
    (record) => {
      const { key, value, timestamp } = record
      const kept = value !== 'x' && key !== 'a'
      tell({ ...record, to: kept ? 'filter' : 'filterNot' })
      tell({ ...record, to: 'map', key: value, value: key })
      tell({ ...record, to: 'mapValues', value: value === 'x' ? null : `${value}!` })
      for (let i = 0; i < timestamp % 3; i++) tell({ ...record, to: 'flatMap', key: `${key}${i}` })
      if (value !== null) for (const each of [value, null, `${value}2`]) tell({ ...record, to: 'flatMapValues', value: each })
      tell({ ...record, to: 'selectKey', key: value })
      tell({ ...record, to: 'peek', value: `${key} ${value} ${timestamp}` })
    },
})

agrees('M2: merge is both streams in order of arrival, split the first branch that takes a record; without otherwise the rest is gone', {
  settings: fc.constant('none'),
  from: ['left', 'right'],
  steps: (builder) => {
    const merged = builder.stream(left).merge(builder.stream(right))
    const { a, x, rest } = merged.split(
      { a: (_value, key) => key === 'a', x: (value) => value === 'x', rest: otherwise },
      { name: 'three' },
    )
    a.to(named('a'))
    x.to(named('x'))
    rest.to(named('rest'))
    const { y } = merged.split({ y: (value) => value === 'y' })
    y.to(out)
    return [out, ...['a', 'x', 'rest'].map(named)]
  },
  naive:
    ({ tell }) =>
    (record) => {
      tell({ ...record, to: record.key === 'a' ? 'a' : record.value === 'x' ? 'x' : 'rest' })
      if (record.value === 'y') tell(record)
    },
})
