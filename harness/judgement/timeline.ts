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
    startedAgainMs: startedAgain(evidence),
    healthErrors: healthErrors(health),
    healthBackMs:
      (evidence.exit && health.find(({ t, status }) => t > (evidence.exit?.t ?? 0) && isOk(status)))?.t ?? null,
  }
}

/** By the engine's clock: starts after the first end. */
function startedAgain({ engine }: Evidence): number[] {
  const own = engine.filter(({ part }) => part === 'datastorage').toSorted((a, b) => a.engineMs - b.engineMs)
  const died = own.findIndex(({ action }) => action === 'die')
  return died < 0 ? [] : own.slice(died).flatMap(({ action, engineMs }) => (action === 'start' ? [engineMs] : []))
}

function healthErrors(health: Evidence['health']): NonNullable<Timeline['healthErrors']> {
  const failed = health.flatMap(({ t, failure }) => (failure ? [{ t, errorClass: failure.errorClass }] : []))
  return [...Map.groupBy(failed, ({ errorClass }) => errorClass)].map(([errorClass, same]) => ({
    errorClass,
    count: same.length,
    firstMs: Math.min(...same.map(({ t }) => t)),
    lastMs: Math.max(...same.map(({ t }) => t)),
  }))
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
