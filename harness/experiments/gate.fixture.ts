/** Gates whose runs are made up: what a run takes is said, and nothing is started. */
import { scenarios } from '../../scenarios/index.ts'
import type { RunPlan } from '../manifest.ts'
import { crash } from '../report/verdict.fixture.ts'
import type { Scenario } from '../scenario.ts'
import type { Verdict } from '../verdict.ts'

const [scenario] = scenarios
const steady = scenarios.find(({ name }) => name === 'steady')
if (!scenario || !steady) throw new Error('there are such scenarios')

/** `steady` with what a verdict alone answers for. */
export const cheap = { ...steady, gate: ['p50 +5 %', 'lost = 0'], thresholds: [] }

export const planOf = (scenario: Scenario): RunPlan => ({
  scenario,
  seed: 1,
  runtime: 'auto',
  limiter: 'auto',
  expect: { expectation: 'any', from: '--expect' },
  command: '',
  replay: '',
})

/** Told from others by its pool. */
export const plan = (poolSize: number): RunPlan => planOf({ ...scenario, service: { ...scenario.service, poolSize } })

/** A factor that varies a little from run to run. */
export const noisy = (run: number) => 1 + ((run * 7) % 5) / 500

/** The verdict on a run that lost nothing, and all of whose requests took so long. */
export function survived(p50Ms: number): Verdict {
  const response = { count: 300, p50Ms, p95Ms: p50Ms, p99Ms: p50Ms, maxMs: p50Ms }
  const accounting = { ...crash.accounting, acknowledgedAndLost: 0, droppedByClient: 0 }
  return { ...crash, outcome: 'survived', latency: { ...crash.latency, response }, accounting }
}
