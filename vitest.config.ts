import { join } from 'node:path'
import { configDefaults, defineConfig } from 'vitest/config'
import type { Reporter } from 'vitest/node'
import { cacheFolder } from './containers/embedded/folders.ts'

// For the hundreds of Node processes that tests start: compiling is half of what a start costs. `npm run` has it anyway.
process.env.NODE_COMPILE_CACHE ??= join(cacheFolder(), 'node')

/** A line for each test that passed at its second try only, with what went wrong before; `.ci/run` repeats them at its end. */
const retried: Reporter = {
  onTestRunEnd(modules) {
    for (const module of modules)
      for (const test of module.children.allTests('passed')) {
        if (!test.diagnostic()?.flaky) continue
        const [error] = test.result().errors ?? []
        const [why = ''] = (error?.message ?? '').split('\n')
        console.log(`retried: ${module.relativeModuleId} > ${test.fullName}: ${why}`)
      }
  },
}

/**
 * Real kernels, servers and browsers, on machines that others use too: one noisy moment must not fail a run. What was needed
 * twice is said, and what fails twice has failed.
 */
const real = { retry: 1, testTimeout: 30_000, hookTimeout: 30_000 }
/** Real PostgreSQL, Redis, processes and control groups; the two that run at a time share nothing. */
const stack = { ...real, maxWorkers: 2, globalSetup: 'containers/datastorage/testing/compile.ts' }
/** Whole runs, whose verdict speaks of the CPU that they had: one at a time. */
const endToEnd = { ...real, fileParallelism: false, testTimeout: 90_000, hookTimeout: 90_000 }
const except = (...more: string[]) => ['**/node_modules/**', ...more]

export default defineConfig({
  test: {
    reporters: [...configDefaults.reporters, retried],
    projects: [
      {
        test: {
          name: 'pure',
          include: ['**/*.test.ts'],
          exclude: except('**/*.{stack,engine,browser,e2e}.test.ts'),
          // They leave nothing behind, and loading the same modules for each file anew took half of their time.
          isolate: false,
          // Not a bound on speed: a simulation of many runs may take its time beside a busy neighbour.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...stack,
          name: 'stack',
          include: ['**/*.stack.test.ts'],
          exclude: except('**/*.long.*'),
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...endToEnd,
          name: 'end-to-end',
          include: ['**/*.e2e.test.ts'],
          exclude: except('**/*.long.*'),
          sequence: { groupOrder: 2 },
        },
      },
      // What takes long, and what a first look can do without.
      {
        test: {
          ...stack,
          name: 'long-stack',
          include: ['**/*.long.stack.test.ts'],
          exclude: except(),
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          ...endToEnd,
          name: 'long-end-to-end',
          include: ['**/*.long.e2e.test.ts'],
          exclude: except(),
          sequence: { groupOrder: 4 },
        },
      },
      {
        // Pages in a real Chromium; skipped, with the reason in the name, where there is none.
        test: {
          ...real,
          name: 'browser',
          include: ['**/*.browser.test.ts'],
          exclude: except(),
          sequence: { groupOrder: 5 },
        },
      },
      {
        // Containers of a real engine; skipped, with the reason in the name, where none answers.
        test: {
          ...real,
          name: 'engine',
          include: ['**/*.engine.test.ts'],
          exclude: except(),
          fileParallelism: false,
          // A whole run of a scenario, and another one where a neighbour took the CPU.
          testTimeout: 300_000,
          // The first one may have to build images.
          hookTimeout: 180_000,
          sequence: { groupOrder: 6 },
        },
      },
    ],
  },
})
