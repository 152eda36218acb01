import { defineConfig } from 'vitest/config';

// `fast` needs nothing but Node and runs before each commit; `real` runs a real Envoy, and a real API server where it can.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/unit/**/*.test.ts', 'test/protocol/**/*.test.ts'],
          // Tests with thousands of random inputs take 2 s by themselves, and 10 s beside others on a busy machine.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/golden/**/*.test.ts', 'test/e2e/**/*.test.ts', 'test/kubernetes/**/*.test.ts'],
          // One real Envoy at a time: the machines have two cores.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
