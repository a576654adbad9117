import type { Scenario } from '../harness/scenario.ts'
import { healthy } from './healthy.ts'

/**
 * The load of the incident as the real orchestrator sends it: one buffered client for all RRs, and the most events that
 * the report counts (400). What it is in requests, and how far it stays from every limit of a healthy service.
 */
export const incidentLoad: Scenario = {
  ...healthy,
  name: 'incident-load',
  description: 'the load that the incident really was: one client for all RRs, a healthy service (about 40 s)',
  load: { ...healthy.load, eventsPerRr: 4, emitter: 'shared' },
}
