import type { Scenario } from '../harness/scenario.ts'
import { highLoad } from './high-load.ts'

/** The reported load against a service that writes straight away: what the load alone explains. */
export const healthy: Scenario = {
  ...highLoad,
  name: 'healthy',
  description: 'the load of high-load against a healthy service: nothing should break (about 40 s)',
  service: { ...highLoad.service, profile: 'healthy', profileOptions: {} },
  expect: 'survive',
}
