import type { Clock } from '../clock.ts'
import type { Attempt } from '../sample.ts'
import { constantRate } from './arrivals.ts'
import type { Driver } from './send.ts'

/** One query by correlation id, from its intended moment to its line in the record. */
export async function query(
  driver: Driver,
  clock: Clock,
  correlationId: string,
  intendedMs: number,
  phase: Attempt['phase'],
): Promise<Attempt> {
  const startedMs = clock.now()
  const sent = await driver.query(correlationId)
  return {
    kind: 'attempt',
    t: startedMs,
    phase,
    operation: 'query',
    client: correlationId,
    firstEvent: 0,
    events: 0,
    attempt: 1,
    intendedMs,
    startedMs,
    endedMs: clock.now(),
    ...sent,
  }
}

/**
 * The trickle of queries that the report's suite sends beside its writes: at a constant rate, whatever the answers do, each
 * by the name of an RR in turn. Goes on until the signal aborts.
 */
export function startQueries(options: {
  readonly driver: Driver
  readonly clock: Clock
  readonly ratePerSec: number
  readonly names: readonly string[]
  readonly record: (attempt: Attempt) => void
  readonly signal: AbortSignal
}): void {
  const { driver, clock, names, record, signal } = options
  if (options.ratePerSec <= 0) return
  const arrivals = constantRate(options.ratePerSec, Number.MAX_SAFE_INTEGER)
  const next = () => {
    const { value } = arrivals.next()
    if (!value || signal.aborted) return
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', cancel)
        void query(driver, clock, names[value.seq % names.length] ?? '', value.intendedMs, 'load').then((attempt) => {
          if (!signal.aborted) record(attempt)
        })
        next()
      },
      Math.max(0, Math.ceil(value.intendedMs - clock.now())),
    )
    const cancel = () => clearTimeout(timer)
    signal.addEventListener('abort', cancel, { once: true })
  }
  next()
}
