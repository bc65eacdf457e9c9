/**
 * An explanation as a text: each thing on a line of its own, what led to it below, further in. What was told above isn't told again, and what lies very far
 * back (the hundredth count goes back to ninety-nine others) is summed up in how many inputs it comes from.
 */
import { toHex } from '../base/bytes.ts'
import type { Explanation, ExplainedRecord, ExplainedRow, ExplainedStep, Reason, RowExplanation } from './explanation.ts'
import { isChange } from './kept.ts'
import type { Passing } from './trace.ts'

/** How far back it is told. */
const DEPTH = 6
/** Longest text of one value. */
const VALUE_CHARS = 120

/** The text. */
export function explanationText(explanation: Explanation | RowExplanation): string {
  const lines: string[] = []
  tell(explanation, '', { lines, told: new Set(), depth: 0 })
  return lines.join('\n')
}

interface Telling {
  readonly lines: string[]
  readonly told: Set<Reason>
  readonly depth: number
}

function tell(reason: Explanation | RowExplanation, indent: string, { lines, told, depth }: Telling): void {
  const subject = 'record' in reason ? placed(reason.record) : rowText(reason.row)
  if (told.has(reason)) {
    lines.push(`${indent}${subject}: as told above`)
    return
  }
  told.add(reason)
  if (depth > DEPTH) {
    const { length } = reason.inputs
    lines.push(`${indent}${subject}: goes back to ${length} ${length === 1 ? 'input' : 'inputs'}`)
    return
  }
  const inner = `${indent}  `
  lines.push(`${indent}${subject}`)
  lines.push(`${inner}${beginning(reason)}`)
  for (const step of reason.steps) lines.push(...stepLines(step).map((line) => `${inner}${line}`))
  if (reason.because.length === 0) return
  lines.push(`${inner}because`)
  for (const one of reason.because) tell(one, `${inner}  `, { lines, told, depth: depth + 1 })
}

function beginning({ trigger, input, steps }: Reason): string {
  const at = String(steps[0]?.in.timestamp)
  switch (trigger) {
    case 'record':
      return input === undefined ? 'sent by the test' : `from ${placed(input)}`
    case 'stream-time':
      return `at stream time ${at}${input === undefined ? '' : `, to which it was moved by ${placed(input)}`}`
    case 'wall-clock':
      return `at ${at} by the wall clock`
    case 'commit':
      return input === undefined ? 'at a commit' : `at the commit behind ${placed(input)}`
    case 'test':
      return 'put there by the test'
  }
}

function stepLines({ node, in: taken, out, reads, writes }: ExplainedStep): readonly string[] {
  const gave = out === undefined ? '' : ` gave ${pair(out)}`
  return [
    `${node}: ${pair(taken)}${gave}`,
    ...reads.map((row) => `  read ${rowText(row)}`),
    ...writes.map((row) => `  ${row.value === null ? 'deleted' : 'wrote'} ${rowText(row)}`),
  ]
}

function placed(record: ExplainedRecord): string {
  return `${record.topic}[${record.partition}]@${record.offset}: ${pair(record)}`
}

function pair({ key, value, timestamp }: Passing): string {
  return `${shown(key)} → ${shown(value)} at ${timestamp}`
}

function rowText({ store, key, value }: ExplainedRow): string {
  return `${store}[${shown(key)}]${value === undefined ? ': nothing' : value === null ? '' : ` = ${shown(value)}`}`
}

/** A value for a person to read. */
function shown(value: unknown): string {
  if (isChange(value)) {
    const old = value.old === null || value.old === undefined ? '' : ` (was ${shown(value.old)})`
    return `${shown(value.value)}${old}`
  }
  if (isWindowed(value)) return `${shown(value.key)} in ${value.window.start}…${value.window.end}`
  const text = plainText(value)
  return text.length > VALUE_CHARS ? `${text.slice(0, VALUE_CHARS)}…` : text
}

function plainText(value: unknown): string {
  if (value instanceof Uint8Array) return `0x${toHex(value)}`
  if (typeof value === 'bigint') return `${value}n`
  try {
    return JSON.stringify(value, (_name, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ?? String(value)
  } catch {
    return String(value)
  }
}

function isWindowed(value: unknown): value is { readonly key: unknown; readonly window: { readonly start: number; readonly end: number } } {
  if (typeof value !== 'object' || value === null || !('key' in value) || !('window' in value)) return false
  const { window } = value
  return typeof window === 'object' && window !== null && 'start' in window && 'end' in window
}
