/** Tables and what is made of them: maps. */
import * as fc from 'fast-check'
import { agrees, left, named, right } from './harness.ts'

const VIEWS = ['table', 'filtered', 'kept', 'mapped', 'mappedKept', 'fromStream']

agrees('B1, B2, B5, B8, B15: tables and their views tell every record of theirs, tombstones too; what is older than the row as well', {
  settings: fc.record({ isStored: fc.boolean() }),
  from: ['left', 'right'],
  steps: (builder, { isStored }) => {
    const [all, filtered, kept, mapped, mappedKept, fromStream] = VIEWS.map(named)
    const table = builder.table(left, isStored ? { store: 'rows' } : {})
    table.toStream().to(all!)
    table
      .filter((value, key) => value < 'y' && key !== 'a')
      .toStream()
      .to(filtered!)
    table
      .filterNot((value) => value < 'y', { store: 'kept' })
      .toStream()
      .to(kept!)
    table
      .mapValues((value, key) => (value === 'z' ? null : `${key}${value}`))
      .toStream()
      .to(mapped!)
    table
      .mapValues((value) => `${value}!`, { store: 'mapped', value: left.value })
      .toStream()
      .to(mappedKept!)
    builder
      .stream(right)
      .toTable(isStored ? { store: 'latest' } : {})
      .toStream()
      .to(fromStream!)
    return VIEWS.map(named)
  },
  naive: ({ tell, drop }, { isStored }) => {
    const rows = new Map<string, string | null>()
    const views: Record<string, (value: string, key: string) => string | null> = {
      filtered: (value, key) => (value < 'y' && key !== 'a' ? value : null),
      kept: (value) => (value >= 'y' ? value : null),
      mapped: (value, key) => (value === 'z' ? null : `${key}${value}`),
      mappedKept: (value) => `${value}!`,
    }
    return (record) => {
      const { from, key, value } = record
      if (key === null) return drop('null_key')
      if (from === 'right') return tell({ ...record, to: 'fromStream' })
      tell({ ...record, to: 'table' })
      for (const [to, view] of Object.entries(views)) {
        const [was, is] = [rows.get(key) ?? null, value].map((row) => (row === null ? null : view(row, key)))
        // A filter that can know what a row was says nothing of one that wasn't there.
        const isKnown = isStored && (to === 'filtered' || to === 'kept')
        if (!isKnown || was !== null || is !== null) tell({ ...record, to, value: is })
      }
      rows.set(key, value)
    }
  },
})

const GROUPED = ['counted', 'reduced', 'aggregated']

agrees(
  'B5, B10–B14: a grouped table subtracts what a row was and adds what it is, at once where its group stays, else from the old group first',
  {
    settings: fc.record({ isFiltered: fc.boolean() }),
    steps: (builder, { isFiltered }) => {
      const [counted, reduced, aggregated] = GROUPED.map(named)
      const table = builder.table(left)
      const grouped = (isFiltered ? table.filter((value) => value < 'y') : table).groupBy(
        (value, key) => [value === 'y' ? null : `group ${value[0]}`, value.length > 2 ? null : `${key}${value}`],
        { key: left.key, value: left.value },
      )
      grouped.count().toStream().mapValues(String).to(counted!)
      grouped
        .reduce(
          (sum, value) => `${sum}+${value}`,
          (sum, value) => (sum.length > 20 ? null : `${sum}-${value}`),
        )
        .toStream()
        .to(reduced!)
      grouped
        .aggregate(
          () => '',
          (sum, value, key) => `${sum}+${key}${value}`,
          (sum, value) => (sum === '' ? null : `${sum}-${value}`),
          { value: left.value },
        )
        .toStream()
        .to(aggregated!)
      return GROUPED.map(named)
    },
    naive: ({ tell, drop }, { isFiltered }) => {
      const rows = new Map<string, string | null>()
      const sums = new Map<string, { value: string; timestamp: number }>()
      const add: Record<string, (sum: string | undefined, value: string, group: string) => string | null> = {
        counted: (sum) => String(Number(sum ?? 0) + 1),
        reduced: (sum, value) => (sum === undefined ? value : `${sum}+${value}`),
        aggregated: (sum, value, group) => `${sum ?? ''}+${group}${value}`,
      }
      const subtract: Record<string, (sum: string, value: string) => string | null> = {
        counted: (sum) => String(Number(sum) - 1),
        reduced: (sum, value) => (sum.length > 20 ? null : `${sum}-${value}`),
        aggregated: (sum, value) => (sum === '' ? null : `${sum}-${value}`),
      }
      return (record) => {
        const { key, value } = record
        if (key === null) return drop('null_key')
        const [was, is] = [rows.get(key) ?? null, value].map((row) =>
          row === null || row === 'y' || row.length > 2 || (isFiltered && row >= 'y')
            ? undefined
            : { group: `group ${row[0]}`, value: `${key}${row}` },
        )
        rows.set(key, value)
        const moves = was?.group === is?.group ? [{ was, is }] : [{ was }, { is }]
        for (const [to, move] of GROUPED.flatMap((name) =>
          moves.map((each) => [name, { was: undefined, is: undefined, ...each }] as const),
        )) {
          const group = (move.was ?? move.is)?.group
          if (group === undefined) continue
          const id = `${to} ${group}`
          const before = sums.get(id)
          const less =
            before !== undefined && move.was !== undefined ? subtract[to]!(before.value, move.was.value) : (before?.value ?? null)
          const after = move.is === undefined ? less : add[to]!(less ?? undefined, move.is.value, group)
          const timestamp = before === undefined ? record.timestamp : Math.max(record.timestamp, before.timestamp)
          if (after === null) sums.delete(id)
          else sums.set(id, { value: after, timestamp })
          tell({ ...record, to, key: group, value: after, timestamp })
        }
      }
    },
  },
)
