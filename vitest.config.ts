import { defineConfig } from 'vitest/config';

// Two forks: the suite has to fit a machine of two cores, and a fork is the only pool whose tests may set signals,
// umask and environment as the real processes do.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/fixtures/**', 'node_modules/**', 'dist/**'],
    environment: 'node',
    // GitHub's packages import JSON and each other in ways that only a bundler follows.
    server: { deps: { inline: [/node_modules\/@actions\//] } },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    restoreMocks: true,
    unstubEnvs: true,
    allowOnly: false,
    reporters: ['default', './test/reporter.ts'],
  },
});
