/** Profiles that do harm: each by real means, and each saying in the service's own log what it did. */
import type { Log } from '../log.ts'

/** Notes in the log what a fault did: for whoever checks that it took effect. Whoever judges never sees that log. */
export function confess(log: Log, fault: string, facts: Readonly<Record<string, number>>): void {
  log.info({ fault, ...facts }, 'fault')
}

/** Calls back once, after a time from now, unless stopped before. */
export function later(afterMs: number, work: () => void): { stop(): void } {
  const timer = setTimeout(work, afterMs)
  return { stop: () => clearTimeout(timer) }
}
