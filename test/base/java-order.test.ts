import { expect, test } from 'vitest'
import { javaBuckets, javaBytesHash, javaHash, javaOrder, javaSetOrder } from '../../src/base/java-order.ts'

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

test('hashes bytes as java.util.Arrays does, with their signs', () => {
  // Answers of jshell: Arrays.hashCode(new byte[] {}), … {0}, {(byte) 0xff}, "k1".getBytes()
  expect([[], [0], [0xff], [0x6b, 0x31]].map((bytes) => javaBytesHash(new Uint8Array(bytes)))).toEqual([1, 31, 30, 4327])
})

test('a set that was larger keeps its buckets', () => {
  expect([0, 12, 13, 24, 25].map((count) => javaBuckets(count))).toEqual([16, 16, 32, 32, 64])
  expect(javaBuckets(1, 64)).toBe(64)
  const items = [{ hash: 33 }, { hash: 2 }, { hash: 1 }]
  expect(javaOrder(items, 16).map(({ hash }) => hash)).toEqual([33, 1, 2])
  expect(javaOrder(items, 64).map(({ hash }) => hash)).toEqual([1, 2, 33])
})

function javaHashBySum(text: string): number {
  let hash = 0n
  for (const character of text) hash = BigInt.asIntN(32, hash * 31n + BigInt(character.charCodeAt(0)))
  return Number(hash)
}
