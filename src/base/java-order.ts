/**
 * The order in which Java's hash sets list their items: by bucket of a table whose size follows from the greatest count it ever had, inside a bucket by
 * insertion. Kafka Streams' `describe()` and the changelogs of its suppress buffers depend on it (java.util.HashMap, OpenJDK).
 */

/** `String.hashCode`: s[0]·31^(n−1) + … + s[n−1], in 32 bits. */
export function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0
  return hash
}

/** `Arrays.hashCode` of signed bytes: as that of strings, but it begins with 1. */
export function javaBytesHash(bytes: Uint8Array): number {
  let hash = 1
  for (const byte of bytes) hash = (Math.imul(31, hash) + ((byte << 24) >> 24)) | 0
  return hash
}

/** How many buckets a set has with so many items; it never gets smaller than it was. */
export function javaBuckets(count: number, before = 16): number {
  let buckets = before
  while (count > 0.75 * buckets) buckets *= 2
  return buckets
}

/** Items with their hashes, in the order in which they were put in, as a set with so many buckets lists them. */
export function javaOrder<T extends { readonly hash: number }>(items: readonly T[], buckets: number): T[] {
  const bucket = ({ hash }: T): number => (hash ^ (hash >>> 16)) & (buckets - 1)
  return [...items].sort((a, b) => bucket(a) - bucket(b))
}

/** The strings as a `HashSet` that they were put into, in this order, lists them. */
export function javaSetOrder(texts: readonly string[]): string[] {
  const hashed = texts.map((text) => ({ text, hash: javaHash(text) }))
  return javaOrder(hashed, javaBuckets(texts.length)).map(({ text }) => text)
}
