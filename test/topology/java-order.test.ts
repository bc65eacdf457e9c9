import { expect, test } from 'vitest'
import { javaHash, javaSetOrder } from '../../src/topology/java-order.ts'

test('hashes strings as java.lang.String does', () => {
  // Answers of jshell: "".hashCode(), "a".hashCode(), …
  expect(['', 'a', 'hello', 'KSTREAM-SOURCE-0000000000', 'polygenelubricants'].map((text) => javaHash(text))).toEqual([
    0,
    97,
    99162322,
    javaHashBySum('KSTREAM-SOURCE-0000000000'),
    -2147483648,
  ])
})

test('lists strings by bucket, and inside a bucket by insertion', () => {
  // "Aa" and "BB" have the same hash in Java.
  expect(javaHash('Aa')).toBe(javaHash('BB'))
  expect(javaSetOrder(['BB', 'Aa'])).toEqual(['BB', 'Aa'])
  expect(javaSetOrder(['Aa', 'BB'])).toEqual(['Aa', 'BB'])
  expect(javaSetOrder(['d', 'c', 'b', 'a'])).toEqual(['a', 'b', 'c', 'd'])
})

test('the table grows with the count, as Java’s does at three quarters', () => {
  const texts = Array.from({ length: 13 }, (_, i) => String.fromCharCode(97 + i))
  // 16 buckets would put 'p' (112 = 7·16) before 'a' (97 = 6·16 + 1); 32 buckets don't.
  expect(javaSetOrder(['q', 'a'])).toEqual(['q', 'a'].sort((x, y) => (x.charCodeAt(0) & 15) - (y.charCodeAt(0) & 15)))
  expect(javaSetOrder([...texts].reverse())).toEqual([...texts].sort((x, y) => (x.charCodeAt(0) & 31) - (y.charCodeAt(0) & 31)))
})

function javaHashBySum(text: string): number {
  let hash = 0n
  for (const character of text) hash = BigInt.asIntN(32, hash * 31n + BigInt(character.charCodeAt(0)))
  return Number(hash)
}
