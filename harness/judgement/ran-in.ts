import { type PartName, partNames } from '../engine.ts'
import type { Evidence } from '../evidence.ts'
import { readingsOf } from '../growth.ts'
import { points } from '../measure.ts'
import type { RanIn } from '../verdict.ts'

/** What people want to know of: the others are an engine's own business. */
const telling: ReadonlySet<string> = new Set(['oom', 'kill', 'die', 'stop', 'start', 'restart', 'pause', 'unpause'])

/** What ran the stack, and what it says of it. `null`: a record from before there was a choice. */
export function ranIn(evidence: Evidence): RanIn | null {
  const { stackReady, engine, inspects } = evidence
  if (!stackReady?.runtime) return null
  const after = inspects.filter(({ when }) => when === 'after')
  return {
    runtime: stackReady.runtime,
    version: stackReady.versions[stackReady.runtime] ?? null,
    events: engine
      .filter(({ action, engineMs }) => telling.has(action) && engineMs >= 0)
      .toSorted((a, b) => a.engineMs - b.engineMs)
      .map(({ part, action, engineMs, exitCode, signal }) => ({ part, action, engineMs, exitCode, signal })),
    containers: after.map(({ part, status, oomKilled, exitCode, restartCount }) => {
      return { part, status, oomKilled, exitCode, restartCount }
    }),
    doubts: after.flatMap(({ part, oomKilled }) => doubt(evidence, part, oomKilled) ?? []),
  }
}

/** OOMKilled is false on Podman, and true of innocents under a shared limit and of one that lost a child. */
function doubt(evidence: Evidence, part: PartName, oomKilled: boolean | null): string | null {
  const counted = points(readingsOf(evidence, part), (reading) => reading.oomKills)
  const [first, last] = [counted[0], counted.at(-1)]
  if (oomKilled === null || !first || !last) return null
  const rose = last.value > first.value
  const what = `OOMKilled of ${partNames[part]} is ${oomKilled}`
  if (rose && !oomKilled) return `${what}, though the kernel's oom_kill rose: not trusted`
  // A counter that ends early cannot contradict what the engine says of the end.
  const isToTheEnd = last.t >= (evidence.exit?.t ?? evidence.end?.t ?? Number.POSITIVE_INFINITY) - 1_000
  return oomKilled && !rose && isToTheEnd ? `${what}, though the kernel's oom_kill stayed flat: not trusted` : null
}
