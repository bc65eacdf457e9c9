/** What plain JavaScript may hand over although TypeScript wouldn't let it: the one place where tests lie about a type. */
export function untyped(value: unknown): never {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- lying is what it is for
  return value as never
}
