import type { Scenario } from '../../scenario.ts'
import { checkCrash, checkHealthy, checkSurvival, scenariosNamed } from './high-load.ts'
import type { Proof } from './proof.ts'

/** In containers of Docker, the crash, the load alone and the cure show what they show without an engine. */
export function containersProof(scenarios: readonly Scenario[]): Proof {
  const named = scenariosNamed(scenarios)
  const base = named('high-load')
  const twoCpus: Scenario = { ...base, limits: { ...base.limits, cpus: 2 }, expect: 'survive' }
  const runtime = 'docker'
  return {
    name: 'containers',
    description: 'the crash, the healthy service and the cure in Docker, 10 seeds each (about half an hour)',
    rows: [
      { name: 'Docker, 2 GiB, 1 CPU (default)', scenario: base, runtime, check: checkCrash },
      { name: 'Docker, 2 GiB, 2 CPUs', scenario: twoCpus, runtime, check: checkSurvival },
      { name: 'Docker, healthy, 2 GiB, 1 CPU', scenario: named('healthy'), runtime, check: checkHealthy },
    ],
  }
}
