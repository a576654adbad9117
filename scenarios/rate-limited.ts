import type { Scenario } from '../harness/scenario.ts'
import { highLoad } from './high-load.ts'

/** The report's option C: the same RRs, never 100 at once. */
export const rateLimited: Scenario = {
  ...highLoad,
  name: 'rate-limited',
  description: "the report's option C: high-load with 20 RRs each 2 s (about 50 s)",
  load: { ...highLoad.load, pace: { rrs: 20, everyMs: 2_000 } },
  expect: 'survive',
}
