/**
 * Why a record came out, or why a row was as it was: what the task took, the steps that led from there to it, what they read and wrote, and again why that
 * was there. Reasons are looked up when they are asked for, and each is made once, so however many records went into one, nothing is told of it that nobody
 * wants to know. There are no circles: whatever is a reason was written before.
 */
import { explanationText } from './explanation-text.ts'
import {
  placeKey,
  type Access,
  type Frame,
  type Moment,
  type Passing,
  type Placed,
  type Trace,
  type Trigger,
  type Writing,
} from './trace.ts'

/** A record and where it stands. */
export interface ExplainedRecord<K = unknown, V = unknown> {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: K
  readonly value: V
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

/** A row of a store. */
export interface ExplainedRow {
  readonly store: string
  readonly key: unknown
  /** Undefined: nothing was there; null: it was deleted. */
  readonly value: unknown
}

/** What a step did on the way. Below a table values are changes: `value`, `old` and `latest`. */
export interface ExplainedStep {
  readonly node: string
  /** What came in. */
  readonly in: Passing
  /** What it handed to the next step, or to the topic; undefined: nothing, it wrote the row. */
  readonly out: Passing | undefined
  /** What it found in stores. */
  readonly reads: readonly ExplainedRow[]
  /** What it put into stores. */
  readonly writes: readonly ExplainedRow[]
}

/** How something came to be. */
export interface Reason {
  /** What made the first step run: a record, a time, a commit, or the test itself. */
  readonly trigger: Trigger
  /** What the task took from its topic; undefined where no record made it run. */
  readonly input: ExplainedRecord | undefined
  /** The steps from there, in their order. */
  readonly steps: readonly ExplainedStep[]
  /** Why the input was there, if this application wrote it, and why each row was that the steps have read. */
  readonly because: readonly (Explanation | RowExplanation)[]
  /** All records from outside the application that it goes back to, in the order in which they were processed. */
  readonly inputs: readonly ExplainedRecord[]
  /** A text for a person to read. */
  toString(): string
}

/** Why a record came out. */
export interface Explanation<K = unknown, V = unknown> extends Reason {
  readonly record: ExplainedRecord<K, V>
}

/** Why a row of a store was as it was. */
export interface RowExplanation extends Reason {
  readonly row: ExplainedRow
}

type Because = readonly (Explanation | RowExplanation)[]

/** What a reason is made of. */
interface Origin extends Pick<Frame, 'trigger' | 'input'> {
  /** The step that did it, and when. */
  readonly by: Moment | undefined
  /** What it handed on. */
  readonly out: Passing | undefined
}

/** Makes explanations from what was traced. */
export class Explanations {
  readonly #trace: Trace
  readonly #records: Map<string, Explanation> = new Map()
  readonly #rows: Map<Access, RowExplanation> = new Map()

  constructor(trace: Trace) {
    this.#trace = trace
  }

  /** Why a record stands there. */
  ofRecord<K, V>(record: ExplainedRecord<K, V>): Explanation<K, V> {
    const { by, out, input, trigger = 'record' } = this.#trace.written(record) ?? {}
    return this.#explained({ record }, { by, out, input, trigger })
  }

  #ofInput(input: Placed): Explanation {
    const known = this.#records.get(placeKey(input))
    if (known !== undefined) return known
    const made = this.ofRecord<unknown, unknown>(input)
    this.#records.set(placeKey(input), made)
    return made
  }

  #ofRow({ by, access }: Writing): RowExplanation {
    const known = this.#rows.get(access)
    if (known !== undefined) return known
    const { trigger, input } = by.frame
    const made = this.#explained({ row: rowOf(access) }, { by, out: undefined, input, trigger })
    this.#rows.set(access, made)
    return made
  }

  #explained<H extends { readonly record: ExplainedRecord } | { readonly row: ExplainedRow }>(head: H, origin: Origin): H & Reason {
    const path = pathTo(origin.by)
    let because: Because | undefined
    let inputs: Reason['inputs'] | undefined
    const makeBecause = (): Because => (because ??= this.#because(path, origin.input))
    const made: H & Reason = {
      ...head,
      trigger: origin.trigger,
      input: origin.input,
      steps: path.map((moment, i) => stepOf(moment, path[i + 1]?.frame.in ?? origin.out)),
      get because() {
        return makeBecause()
      },
      get inputs() {
        return (inputs ??= inputsOf(made))
      },
      toString: () => explanationText(made),
    }
    const inputsOf = (of: Reason): Reason['inputs'] => this.#inputs(of)
    return Object.freeze(made)
  }

  #because(path: readonly Moment[], input: Placed | undefined): Because {
    const root = path[0]?.frame
    // What the same record has written is told among its steps.
    const rows = path.flatMap((moment) =>
      readBy(moment).flatMap(({ writer }) => (writer === undefined || rootOf(writer.by.frame) === root ? [] : [writer])),
    )
    const found = [...new Set(rows)].map((writing) => this.#ofRow(writing))
    return input === undefined || this.#trace.written(input) === undefined ? found : [this.#ofInput(input), ...found]
  }

  /** Goes back to where nothing in the application is the reason. */
  #inputs(from: Reason): readonly ExplainedRecord[] {
    const found = new Map<string, ExplainedRecord>()
    const seen = new Set<Reason>([from])
    // A set takes more while it is gone through.
    for (const reason of seen) {
      const { input } = reason
      if (input !== undefined && this.#trace.written(input) === undefined) found.set(placeKey(input), input)
      for (const one of reason.because) seen.add(one)
    }
    return [...found.values()].sort((a, b) => this.#trace.order(a) - this.#trace.order(b))
  }
}

/** The calls that led to a step's call, the first one first. */
function pathTo(moment: Moment | undefined): readonly Moment[] {
  const path: Moment[] = []
  for (let at = moment; at !== undefined; at = at.frame.parent) path.unshift(at)
  return path
}

function rootOf(frame: Frame): Frame {
  let root = frame
  while (root.parent !== undefined) root = root.parent.frame
  return root
}

/** What a step had read by then. Of the rows that have left, one after the other, the last one. */
function readBy({ frame, reads }: Moment): readonly Access[] {
  const before = frame.reads.slice(0, reads)
  const left = before.findLast(({ leaves }) => leaves)
  return before.filter((read) => !read.leaves || read === left)
}

function stepOf(moment: Moment, out: Passing | undefined): ExplainedStep {
  const { frame, writes } = moment
  return { node: frame.node, in: frame.in, out, reads: readBy(moment).map(rowOf), writes: frame.writes.slice(0, writes).map(rowOf) }
}

function rowOf({ store, key, value }: Access): ExplainedRow {
  return { store, key, value }
}
