import type { Scenario } from '../harness/scenario.ts'
import { steady } from './steady.ts'

/** 16 connections that send as fast as they are answered: how many events per second a healthy service sustains. */
export const capacity: Scenario = {
  ...steady,
  name: 'capacity',
  description: 'gate: as many events per second as a healthy service sustains, in a closed loop (about 10 s)',
  load: {
    ...steady.load,
    rrs: 16,
    eventsPerRr: 600,
    lifeMs: 5_000,
    pace: null,
    arrivals: undefined,
    queriesPerSec: 0,
    emitter: 'closed-loop',
  },
  gate: ['events/s sustained -10 %', 'cpu per event +5 %', 'peak memory +5 %', 'lost = 0'],
  thresholds: ['no error before the burst', 'no error'],
}
