/** The small functions that random topologies are made of, one for a topology and its interpreter alike: pure, and of texts. */

/** A value: a text, or null. */
export type Text = string | null

/** A number that a text stands for, below 997; 0 for null. */
export function mark(text: Text): number {
  let sum = 0
  for (const letter of text ?? '') sum = (sum * 31 + letter.codePointAt(0)!) % 997
  return sum
}

/** Keeps texts of nested folds short, and different ones different. */
export const short = (text: string): string => (text.length <= 32 ? text : `${text.slice(0, 12)}~${mark(text)}~${text.slice(-12)}`)

/** True where a modulus is given and divides the value's number. */
export const isNth = (value: Text, modulus: number): boolean => modulus > 0 && mark(value) % modulus === 0

/** Passes about one in `modulus`. */
export const keeps = (value: Text, modulus: number): boolean => isNth(value, modulus)

/** Another value; null for some, and for null. */
export const mapped = (value: Text, nulls: number): Text => (value === null || isNth(value, nulls) ? null : short(`${value}'`))

/** None, one or two records. */
export const several = (key: Text, value: Text): readonly (readonly [Text, Text])[] =>
  Array.from({ length: mark(value) % 3 }, (_, i) => [i === 0 ? key : `${key}.${i}`, i === 0 ? value : short(`${value}.${i}`)] as const)

/** One of a few keys; null for some. */
export const rekeyed = (value: Text, nulls: number): Text => (isNth(value, nulls) ? null : `g${mark(value) % 3}`)

/** Which key of another table a row belongs to. */
export const foreign = (value: string, nulls: number): Text =>
  isNth(value, nulls) ? null : ['k', 'k1', 'k2', 'k10', 'g0', 'g1'][mark(value) % 6]!

/** A fold that shows the order of what it added; null for some. */
export const added = (sum: string, value: Text, clears: number): Text => (isNth(value, clears) ? null : short(`${sum}+${value}`))

/** Takes off; null for some. */
export const taken = (sum: string, value: Text, clears: number): Text => (isNth(value, clears) ? null : short(`${sum}-${value}`))

/** What two sides make. */
export const pair = (left: Text, right: Text): string => short(`${left}&${right}`)

/** Two sessions as one. */
export const united = (left: string, right: string): string => short(`(${left}|${right})`)

/** A window's key as text. */
export const windowText = (key: string, { start, end }: { readonly start: number; readonly end: number }): string =>
  `${key}@${start}-${end}`
