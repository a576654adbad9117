import type { Evidence } from '../evidence.ts'

type KillEvent = NonNullable<Evidence['watchdogKill']>

/** What the user-space watchdog says of a death. */
export type WatchdogKillAtDeath =
  | { readonly kind: 'killed'; readonly event: KillEvent }
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly why: string }

/** A killed process still has to give its memory back, as after the kernel's own kill: see oom-kill.ts. */
const dyingMs = 2_000
/** The times come from two threads, and the exit is known by a signal that may overtake the watchdog's word. */
const apartMs = 100

/** Reads the watchdog's record around a death. "None" needs a record that goes on to its end. */
export function watchdogKillAtDeath({ watchdogKill, end }: Evidence, diedMs: number): WatchdogKillAtDeath {
  const isOfDeath = watchdogKill && watchdogKill.t >= diedMs - dyingMs && watchdogKill.t <= diedMs + apartMs
  if (isOfDeath) return { kind: 'killed', event: watchdogKill }
  return end ? { kind: 'none' } : { kind: 'unknown', why: 'the record ends before the watchdog could say' }
}
