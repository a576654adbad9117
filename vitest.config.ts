import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.{stack,engine,browser,e2e}.test.ts'],
          // Not a bound on speed: a simulation of many runs may take its time beside a busy neighbour.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Real PostgreSQL, Redis, processes and control groups: one file at a time, so that they do not starve each other.
        test: {
          name: 'stack',
          include: ['**/*.stack.test.ts'],
          exclude: ['**/node_modules/**'],
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Containers of a real engine; skipped, with the reason in the name, where none answers.
        test: {
          name: 'engine',
          include: ['**/*.engine.test.ts'],
          exclude: ['**/node_modules/**'],
          fileParallelism: false,
          // A whole run of a scenario, and another one where a neighbour took the CPU.
          testTimeout: 300_000,
          // The first one may have to build images.
          hookTimeout: 180_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Pages in a real Chromium; skipped, with the reason in the name, where there is none.
        test: {
          name: 'browser',
          include: ['**/*.browser.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        // The program as a user starts it.
        test: {
          name: 'end-to-end',
          include: ['**/*.e2e.test.ts'],
          exclude: ['**/node_modules/**'],
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 90_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})
