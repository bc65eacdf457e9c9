/** Versions as Kafka Streams keeps them, without its segments: what is closed has a begin and an end, the newest value has a begin. The naive side. */

/** A span that is closed; null: nothing held. One without length stands for a delete that nothing came before. */
interface Span {
  from: number
  to: number
  value: string | null
}

/** The versions of one key. */
export class NaiveVersions {
  newest: { readonly from: number; readonly value: string } | undefined = undefined
  spans: Span[] = []

  /** Answers up to when the version holds. */
  put(from: number, value: string | null): number {
    const { newest } = this
    if (newest !== undefined && from >= newest.from) {
      if (from > newest.from) this.spans.push({ from: newest.from, to: from, value: newest.value })
      return this.#renew(from, value)
    }
    const within = this.spans.find((span) => span.from <= from && from < span.to)
    const next = Math.min(...this.spans.filter((span) => span.from > from).map((span) => span.from), newest?.from ?? Infinity)
    const to = within?.to ?? next
    if (within?.from === from) within.value = value
    else {
      if (within !== undefined) within.to = from
      if (to < Infinity) this.spans.push({ from, to, value })
      else if (value === null) this.spans.push({ from, to: from, value })
      else this.#renew(from, value)
    }
    return to
  }

  /** What held at a time. */
  at(time: number): { readonly value: string; readonly validFrom: number; readonly validTo: number } | undefined {
    const { newest } = this
    if (newest !== undefined && newest.from <= time) return { value: newest.value, validFrom: newest.from, validTo: Infinity }
    const span = this.spans.find(({ from, to }) => from <= time && time < to)
    return span === undefined || span.value === null ? undefined : { value: span.value, validFrom: span.from, validTo: span.to }
  }

  /** Everything that ever held, oldest first. */
  all(): (readonly [from: number, to: number, value: string])[] {
    const closed = this.spans.flatMap(({ from, to, value }) => (value === null ? [] : [[from, to, value] as const]))
    const { newest } = this
    return [...closed, ...(newest === undefined ? [] : [[newest.from, Infinity, newest.value] as const])].sort((a, b) => a[0] - b[0])
  }

  copy(): NaiveVersions {
    const copied = new NaiveVersions()
    copied.newest = this.newest
    copied.spans = this.spans.map((span) => ({ ...span }))
    return copied
  }

  #renew(from: number, value: string | null): number {
    this.newest = value === null ? undefined : { from, value }
    return Infinity
  }
}
