/**
 * The order in which Java's hash sets list strings: by bucket of a table whose size follows from the count, inside a bucket by insertion.
 * Kafka Streams' `describe()` depends on it, so equal text needs equal order (java.util.HashMap, OpenJDK).
 */

/** `String.hashCode`: s[0]·31^(n−1) + … + s[n−1], in 32 bits. */
export function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0
  return hash
}

/** The strings as a `HashSet` that they were put into, in this order, lists them. */
export function javaSetOrder(texts: readonly string[]): string[] {
  let size = 16
  while (texts.length > 0.75 * size) size *= 2
  const bucket = (text: string): number => {
    const hash = javaHash(text)
    return (hash ^ (hash >>> 16)) & (size - 1)
  }
  return [...texts].sort((a, b) => bucket(a) - bucket(b))
}
