import type { Scenario } from '../harness/scenario.ts'
import { highLoad } from './high-load.ts'

const GiB = 2 ** 30

/**
 * The report's option D: a tier for 1,000 RRs and more. The report hopes for realistic load and claims no outcome, so
 * none is claimed here: what became of the events says more than whether the service lived.
 */
export const performance: Scenario = {
  ...highLoad,
  name: 'performance',
  description: "the report's option D: 1,000 RRs at once, 8 GiB (up to 3 min)",
  load: { ...highLoad.load, rrs: 1_000 },
  limits: { memoryLimitBytes: 8 * GiB, cpus: 1 },
  expect: 'any',
}
