import type { Scenario } from '../harness/scenario.ts'
import { highLoad } from './high-load.ts'

const GiB = 2 ** 30

/** The report's option B. It changes two things at once: `--cpus 1` or `--memory 2g` shows each of them alone. */
export const moreMemory: Scenario = {
  ...highLoad,
  name: 'more-memory',
  description: "the report's option B: high-load with 4 GiB and 2 CPUs (about 45 s)",
  limits: { memoryLimitBytes: 4 * GiB, cpus: 2 },
  expect: 'survive',
}
