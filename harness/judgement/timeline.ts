import type { Evidence, Recorded } from '../evidence.ts'
import { deathMs } from '../measure.ts'
import type { Attempt, ErrorClass } from '../sample.ts'
import type { ErrorSpan, Timeline } from '../verdict.ts'

/** When clients saw which errors, over all requests of the load, those after a death included. */
export function timeline(evidence: Evidence): Timeline {
  const failed = evidence.attempts
    .filter((attempt) => attempt.phase === 'load' && attempt.failure !== null)
    .sort((a, b) => a.endedMs - b.endedMs)
  const byClass = new Map<ErrorClass, Recorded<Attempt>[]>()
  for (const attempt of failed) {
    if (!attempt.failure) continue
    const same = byClass.get(attempt.failure.errorClass)
    if (same) same.push(attempt)
    else byClass.set(attempt.failure.errorClass, [attempt])
  }
  const health = evidence.health.filter((probe) => probe.t >= 0)
  const isOk = (status: number | null) => status !== null && status >= 200 && status < 300
  return {
    errors: [...byClass].flatMap(([errorClass, attempts]) => errorSpan(errorClass, attempts)),
    diedMs: deathMs(evidence),
    firstHealthFailureMs: health.find((probe) => !isOk(probe.status))?.t ?? null,
    lastHealthOkMs: health.findLast((probe) => isOk(probe.status))?.t ?? null,
  }
}

function errorSpan(errorClass: ErrorClass, attempts: readonly Recorded<Attempt>[]): ErrorSpan[] {
  const [first, last] = [attempts[0], attempts.at(-1)]
  if (!first || !last) return []
  const counts = new Map<number, number>()
  for (const attempt of attempts) {
    const second = Math.floor(attempt.endedMs / 1000)
    counts.set(second, (counts.get(second) ?? 0) + 1)
  }
  return [
    {
      errorClass,
      count: attempts.length,
      firstMs: first.endedMs,
      lastMs: last.endedMs,
      perSecond: [...counts],
      firstRef: first.ref,
    },
  ]
}
