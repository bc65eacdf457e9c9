/** How many random cases a suite runs: a few in CI, and, with `FUZZ_RUNS` (10,000 for `npm run fuzz`), a share of that. */

const FUZZ_RUNS = Number(process.env['FUZZ_RUNS'] ?? 0)

/** `ci` cases, or one for each `every` fuzz runs: 2,000 random topologies are one for each 5. */
export const cases = ({ ci, every }: { readonly ci: number; readonly every: number }): number => Math.max(ci, Math.floor(FUZZ_RUNS / every))
