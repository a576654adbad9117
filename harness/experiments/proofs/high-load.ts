import type { ErrorClass } from '../../sample.ts'
import type { Scenario } from '../../scenario.ts'
import type { Verdict } from '../../verdict.ts'
import type { Proof } from './proof.ts'

const GiB = 2 ** 30
/** The report's death came 28 s after its burst; the profile is calibrated to die in this window. */
const deathWindowMs = [20_000, 50_000] as const

/** The scenarios that proofs are about, by name. */
export function scenariosNamed(scenarios: readonly Scenario[]): (name: string) => Scenario {
  return (name) => {
    const found = scenarios.find((scenario) => scenario.name === name)
    if (!found) throw new Error(`a proof needs a scenario ${name}`)
    return found
  }
}

/** The default crash dies of memory every time; each single cure survives every time; the healthy service shows nothing. */
export function highLoadProof(scenarios: readonly Scenario[]): Proof {
  const named = scenariosNamed(scenarios)
  const base = named('high-load')
  const variant = (change: Partial<Scenario>): Scenario => ({ ...base, ...change, expect: 'survive' })
  const limits = (memoryLimitBytes: number, cpus: number) => ({ limits: { memoryLimitBytes, cpus } })
  return {
    name: 'high-load',
    description: 'the reported crash and its cures, 10 seeds each (about an hour)',
    rows: [
      { name: '2 GiB, 1 CPU (default)', scenario: base, check: checkCrash },
      { name: '4 GiB, 1 CPU', scenario: variant(limits(4 * GiB, 1)), check: checkSurvival },
      { name: '2 GiB, 2 CPUs', scenario: variant(limits(2 * GiB, 2)), check: checkSurvival },
      { name: '4 GiB, 2 CPUs', scenario: variant(limits(4 * GiB, 2)), check: checkSurvival },
      {
        name: '2 GiB, 1 CPU, 20 RRs each 2 s',
        scenario: variant({ load: { ...base.load, pace: { rrs: 20, everyMs: 2_000 } } }),
        check: checkSurvival,
      },
      { name: 'healthy, 2 GiB, 1 CPU', scenario: named('healthy'), check: checkHealthy },
    ],
  }
}

/** What the default shows: the whole chain, in the report's order. */
export function checkCrash(verdict: Verdict): string[] {
  const { timeline, chain } = verdict
  const first = (errorClass: ErrorClass) => timeline.errors.find((span) => span.errorClass === errorClass)?.firstMs
  const reset = first('reset')
  const timeout = first('timeout')
  const refused = first('refused')
  const died = timeline.diedMs
  const causes = chain.map((link) => link.hypothesis).join(' > ')
  const [earliestMs, latestMs] = deathWindowMs
  return says([
    [verdict.outcome === 'crashed', `outcome is ${verdict.outcome}, not crashed`],
    [causes === 'cpu-too-small > retry-storm > memory-limit', `the chain is ${causes || 'empty'}`],
    [
      died !== null && died >= earliestMs && died <= latestMs,
      `died at ${died} ms, outside ${deathWindowMs.join('-')} ms`,
    ],
    [
      reset !== undefined && timeout !== undefined && reset < timeout,
      `first reset ${reset} ms, first timeout ${timeout} ms`,
    ],
    [timeout !== undefined && died !== null && timeout < died, `first timeout ${timeout} ms, death ${died} ms`],
    [refused !== undefined && died !== null && died <= refused, `death ${died} ms, first refused ${refused} ms`],
    [
      timeline.firstHealthFailureMs !== null && died !== null && timeline.firstHealthFailureMs >= died,
      `health first failed at ${timeline.firstHealthFailureMs} ms, death at ${died} ms`,
    ],
  ])
}

export function checkSurvival(verdict: Verdict): string[] {
  return says([
    [verdict.outcome === 'survived', `outcome is ${verdict.outcome}, not survived`],
    [verdict.diedMs === null, `died at ${verdict.diedMs} ms`],
  ])
}

export function checkHealthy(verdict: Verdict): string[] {
  const { emitted, acknowledged, stored, storedMoreThanOnce } = verdict.accounting
  const supported = verdict.findings.filter((finding) => finding.answer === 'supported')
  return says([
    ...checkSurvival(verdict).map((problem) => [false, problem] as const),
    [supported.length === 0, `supported: ${supported.map((finding) => finding.hypothesis).join(', ')}`],
    [acknowledged === emitted, `${acknowledged} of ${emitted} acknowledged`],
    [
      stored === emitted && storedMoreThanOnce === 0,
      `${stored} of ${emitted} stored, ${storedMoreThanOnce} more than once`,
    ],
  ])
}

function says(claims: readonly (readonly [boolean, string])[]): string[] {
  return claims.filter(([holds]) => !holds).map(([, problem]) => problem)
}
