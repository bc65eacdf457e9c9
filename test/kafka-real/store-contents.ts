/** What a task's database holds, and what the replay of its changelog up to the database's mark gives: the two must be equal, byte for byte. */
import { join } from 'node:path'
import { toHex } from '../../src/base/bytes.ts'
import { RowsBuilder } from '../../src/state/rows-builder.ts'
import { markKey, readMark } from '../../src/state/marks.ts'
import type { Engine } from '../../src/state/engine.ts'

/** A store's rows by key, in hex, and the changelog offset they are of. */
export interface StoreContents {
  readonly offset: number
  readonly rows: ReadonlyMap<string, string>
}

/** A record of a changelog, in bytes. */
export interface LogRow {
  readonly offset: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestamp: number
}

/** Reads the first store (number 1) of a task's database; undefined: nothing has landed there. */
export async function readStore(engine: Engine): Promise<StoreContents | undefined> {
  const keys = new RowsBuilder()
  markKey(1, keys)
  keys.value(new Uint8Array(0), 0, -1)
  const mark = readMark(await engine.getMany(keys.rows()), 0)
  if (mark === undefined) return undefined
  const rows = new Map<string, string>()
  const cursor = engine.cursor({ from: new Uint8Array([0, 1]), to: new Uint8Array([0, 2]) })
  for (
    let page = await cursor.next({ rows: 1_000, bytes: 1 << 20 });
    page.count > 0;
    page = await cursor.next({ rows: 1_000, bytes: 1 << 20 })
  ) {
    for (let i = 0; i < page.count; i++) {
      const key = page.bytes.subarray(page.keyAt[i]! + 2, page.keyAt[i]! + page.keyLength[i]!)
      const value = page.bytes.subarray(page.valueAt[i], page.valueAt[i]! + page.valueLength[i]!)
      rows.set(toHex(key), toHex(value))
    }
  }
  cursor.close()
  return { offset: mark.offset, rows }
}

/** The same from the changelog: the newest row of each key below an offset, its timestamp in eight bytes before its value. */
export function replayed(log: readonly LogRow[], below: number): ReadonlyMap<string, string> {
  const rows = new Map<string, string>()
  for (const { offset, key, value, timestamp } of log) {
    if (offset >= below || key === null) continue
    if (value === null) rows.delete(toHex(key))
    else {
      const time = Buffer.alloc(8)
      time.writeBigInt64BE(BigInt(timestamp))
      rows.set(toHex(key), toHex(Buffer.concat([time, value])))
    }
  }
  return rows
}

/** Where a task's database is. */
export function databaseOf(stateDir: string, applicationId: string, taskId: string): string {
  return join(stateDir, applicationId, taskId, 'db')
}
