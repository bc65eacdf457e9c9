/** Two topics of tables whose joins are compared with plain maps. */
import { serdes, topic, type Topic } from '../../src/index.ts'
import type { TopologyTestDriver } from '../../src/testing.ts'

/** A side of a pair, or what comes out for a key: null, none. */
export type Row = string | null

export const lefts: Topic<string, string> = topic('lefts', { key: serdes.string, value: serdes.string })
export const rights: Topic<string, string> = topic('rights', { key: serdes.string, value: serdes.string })
export const out: Topic<string, string> = topic('out', { key: serdes.string, value: serdes.string })

/** What a join makes of two rows. */
export const pair = (left: Row, right: Row): string => `${left}&${right}`

/** Sends updates to the two tables; answers the rows that they have then. */
export function sendRows(
  driver: TopologyTestDriver,
  updates: readonly (readonly [table: Topic<string, string>, key: string, value: Row])[],
): { readonly left: ReadonlyMap<string, string>; readonly right: ReadonlyMap<string, string> } {
  const left = new Map<string, string>()
  const right = new Map<string, string>()
  for (const [table, key, value] of updates) {
    driver.input(table).send({ key, value })
    const rows = table === lefts ? left : right
    if (value === null) rows.delete(key)
    else rows.set(key, value)
  }
  return { left, right }
}

/** What came out last for each key. */
export function lastRows(driver: TopologyTestDriver): ReadonlyMap<string | null, Row> {
  return new Map(
    driver
      .output(out)
      .readAll()
      .map(({ key, value }) => [key, value]),
  )
}
