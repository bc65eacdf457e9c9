import { defineConfig } from 'vitest/config'

// oxlint-disable-next-line import/no-default-export -- vitest reads its configuration from the default export
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // A loaded machine takes its time; what hangs is still found.
    testTimeout: 20_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'] },
  },
})
