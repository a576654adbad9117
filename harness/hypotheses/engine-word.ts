import type { Evidence } from '../evidence.ts'
import { formatAt } from '../units.ts'

type EngineLine = Evidence['engine'][number]

/** What the container engine's own events say led to the end of the service, in their own order. */
export type EngineWord =
  /** Somebody asked the engine to end it, in a way that explains how it ended. */
  | { readonly kind: 'asked'; readonly event: EngineLine; readonly die: EngineLine; readonly beforeMs: number }
  /** The kernel killed in its container, and nobody asked for its end after that. */
  | { readonly kind: 'oom'; readonly event: EngineLine; readonly die: EngineLine }
  /** It ended, and the engine had nothing to do with it. Podman never tells of an OOM kill. */
  | { readonly kind: 'silent'; readonly die: EngineLine }
  /** A kill was asked for, and then the kernel killed as well: either may have ended it. */
  | { readonly kind: 'unclear'; readonly why: string }
  /** No end is among the events, as after a stream that broke off. */
  | { readonly kind: 'unknown'; readonly why: string }

/** SIGKILL cannot be put off: what ends later than this after it was not ended by it, but memory takes time to give back. */
const killedWithinMs = 2_000
/** A service may take its time after a signal that it can handle; engines themselves wait 10 s, people longer. */
const stoppedWithinMs = 60_000
/** An engine sends the signal and then tells of it, and it tells of a stop when it is over. */
const saidAfterMs = 1_000
/** What asks a process to end. Others, such as SIGHUP, ask for other things, unless it ends by that very signal. */
const endings: readonly (string | null)[] = ['SIGTERM', 'SIGINT', 'SIGQUIT', null]

/** Reads the engine's events up to the service's first end. By the engine's clock: ours sees them late and in no fixed order. */
export function engineWord({ engine, exit }: Evidence): EngineWord {
  const own = engine.filter((event) => event.part === 'datastorage').toSorted((a, b) => a.engineMs - b.engineMs)
  const die = own.find((event) => event.action === 'die' || event.action === 'died')
  if (!die) return { kind: 'unknown', why: 'the engine told of no end' }
  const again = own.find((event) => event.action === 'start' && event.engineMs > die.engineMs)?.engineMs
  const ofThisEnd = own.filter(({ engineMs }) => engineMs < (again ?? Number.POSITIVE_INFINITY))
  const isKilled = exit?.signal === 'SIGKILL' || (exit?.code ?? die.exitCode) === 137
  const explains = isKilled ? isKill : isRequest(exit?.signal ?? null)
  const asked = ofThisEnd.findLast((event) => explains(event, die.engineMs - event.engineMs))
  const oom = ofThisEnd.findLast((event) => {
    const beforeMs = die.engineMs - event.engineMs
    return event.action === 'oom' && beforeMs >= 0 && beforeMs <= killedWithinMs
  })
  if (asked && oom && isKilled && oom.engineMs > asked.engineMs) {
    return { kind: 'unclear', why: 'the engine tells of a kill and then of an OOM kill: either may have ended it' }
  }
  if (asked) return { kind: 'asked', event: asked, die, beforeMs: die.engineMs - asked.engineMs }
  return oom ? { kind: 'oom', event: oom, die } : { kind: 'silent', die }
}

/** SIGKILL, which Podman does not name. A stop ends by SIGKILL only where the engine tells of that kill as well. */
function isKill({ action, signal }: EngineLine, beforeMs: number): boolean {
  const isSigkill = action === 'kill' && (signal === 'SIGKILL' || signal === null)
  return isSigkill && beforeMs <= killedWithinMs && beforeMs >= -saidAfterMs
}

/** A process that handles the signal ends by itself, with whatever code; one that does not, by that signal. */
function isRequest(endedBy: string | null) {
  return ({ action, signal }: EngineLine, beforeMs: number): boolean => {
    if (beforeMs > stoppedWithinMs || beforeMs < -saidAfterMs) return false
    if (action === 'stop') return endedBy === null || endings.includes(endedBy)
    return action === 'kill' && (endedBy === null ? endings.includes(signal) : signal === null || signal === endedBy)
  }
}

/** `the engine was asked to kill it (SIGKILL) at +3.0 s, 12 ms before its end`. */
export function describeAsking({ event, beforeMs }: Extract<EngineWord, { kind: 'asked' }>): string {
  const when = beforeMs >= 0 ? `, ${Math.round(beforeMs)} ms before its end` : ''
  return `the engine was asked to ${event.action} it${event.signal ? ` (${event.signal})` : ''} at ${formatAt(event.engineMs)}${when}`
}

/** Whether an engine ran the service: then its word counts among the evidence. */
export function isInEngine({ engine, inspects, appliedLimits }: Evidence): boolean {
  return engine.length > 0 || inspects.length > 0 || appliedLimits?.limiter === 'engine'
}
