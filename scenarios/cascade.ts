import type { Scenario } from '../harness/scenario.ts'
import { highLoad } from './high-load.ts'

/**
 * The report's cascade: its 15 audit tests after the load, as checks against the API. Its option A, the load last, is the same
 * with checks before the load.
 */
export const cascade: Scenario = {
  ...highLoad,
  name: 'cascade',
  description: 'high-load, and then the 15 audit tests of the report as checks against the API (about 70 s)',
  checks: 'after-load',
}
