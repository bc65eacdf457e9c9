/** The format of a recorded trace (README.md in this folder), and how one is read. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Header pairs, values in hex. */
export type TraceHeaders = readonly (readonly [name: string, value: string | null])[]

/** A record that was written: key and value in hex. */
export interface TraceRecord {
  readonly topic: string
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number | null
  readonly headers?: TraceHeaders
}

/** One input record, or an advance of the wall clock, with what it caused. */
export interface TraceStep {
  readonly topic?: string
  readonly key?: string | null
  readonly value?: string | null
  readonly timestamp?: number
  readonly headers?: TraceHeaders
  readonly advanceWallClockMs?: number
  readonly outputs?: readonly TraceRecord[]
  readonly internal?: readonly TraceRecord[]
  readonly dropped?: number
  readonly error?: readonly string[]
}

/** What a store held at the end. */
export interface TraceStore {
  readonly kind: string
  readonly entries?: readonly (readonly (string | number | null)[])[]
  readonly unreadable?: boolean
}

/** The trace file of one topology. */
export interface TraceFile {
  readonly topology: string
  readonly group: string
  readonly about: string
  readonly config: Readonly<Record<string, string>>
  readonly describe: string
  readonly traces: readonly {
    readonly seed: number
    readonly steps: readonly TraceStep[]
    readonly stores?: Readonly<Record<string, TraceStore>>
  }[]
}

/** The ids of all traces in a folder, sorted. */
export function traceIds(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json.gz'))
    .map((name) => name.slice(0, -'.json.gz'.length))
    .sort()
}

/** Reads one trace file. */
export function readTrace(folder: string, id: string): TraceFile {
  return JSON.parse(gunzipSync(readFileSync(join(folder, `${id}.json.gz`))).toString()) as TraceFile
}
