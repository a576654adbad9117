import { cp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { RunPlan } from '../../manifest.ts'
import { judgeRun } from '../../run.ts'
import type { Verdict } from '../../verdict.ts'
import { createAsk } from '../what-if.ts'
import type { Means } from './carry-out.ts'

const recorded = resolve(import.meta.dirname, '..', '..', 'fixtures', 'high-load-quick-v1')

/** Real records, judged by the real judge; only the running itself is replaced. `end` says what became of a run. */
export function bench(end: (plan: RunPlan) => Partial<Verdict> = () => ({})) {
  const ran: string[] = []
  const said: string[] = []
  const means: Means = {
    ask: createAsk(new AbortController().signal),
    commit: 'abc',
    say: (line) => said.push(line),
    async runOnce(plan, dir) {
      ran.push(`${plan.scenario.limits.memoryLimitBytes / 2 ** 20}m ${plan.seed}`)
      const change = end(plan)
      await cp(recorded, join(dir), { recursive: true })
      return { ...(await judgeRun(dir)), ...change }
    },
  }
  return { ran, said, means }
}
