import type { Evidence } from '../evidence.ts'
import { formatAt } from '../units.ts'

type EngineLine = Evidence['engine'][number]

/** What the container engine's own events say led to the end of the service, in their own order. */
export type EngineWord =
  /** Somebody asked the engine to end it, so shortly before that this is what ended it. */
  | { readonly kind: 'asked'; readonly event: EngineLine; readonly die: EngineLine; readonly beforeMs: number }
  /** The kernel killed in its container, and nobody asked for its end after that. */
  | { readonly kind: 'oom'; readonly event: EngineLine; readonly die: EngineLine }
  /** It ended, and the engine had nothing to do with it. Podman never tells of an OOM kill. */
  | { readonly kind: 'silent'; readonly die: EngineLine }
  | { readonly kind: 'unknown'; readonly why: string }

/** SIGKILL cannot be put off: what ends later than this after it was not ended by it, but memory takes time to give back. */
const killedWithinMs = 2_000
/** A service may take its time after a signal that it can handle; engines themselves wait 10 s, people longer. */
const stoppedWithinMs = 60_000
/** Podman tells of a stop when it is over. */
const saidAfterMs = 1_000

/** Reads the engine's events up to the service's first end. By the engine's clock: ours sees them late and in no fixed order. */
export function engineWord({ engine }: Evidence): EngineWord {
  const own = engine.filter((event) => event.part === 'datastorage').toSorted((a, b) => a.engineMs - b.engineMs)
  const die = own.find((event) => event.action === 'die' || event.action === 'died')
  if (!die) return { kind: 'unknown', why: 'the engine told of no end' }
  const asked = own.findLast((event) => isAsking(event) && isTiedTo(die, event))
  if (asked) return { kind: 'asked', event: asked, die, beforeMs: die.engineMs - asked.engineMs }
  const oom = own.findLast((event) => event.action === 'oom' && event.engineMs <= die.engineMs)
  return oom && die.engineMs - oom.engineMs <= killedWithinMs
    ? { kind: 'oom', event: oom, die }
    : { kind: 'silent', die }
}

function isAsking({ action }: EngineLine): boolean {
  return action === 'kill' || action === 'stop'
}

function isTiedTo(die: EngineLine, { action, signal, engineMs }: EngineLine): boolean {
  const beforeMs = die.engineMs - engineMs
  if (action === 'stop' && beforeMs < 0) return -beforeMs <= saidAfterMs
  return beforeMs >= 0 && beforeMs <= (signal === 'SIGKILL' ? killedWithinMs : stoppedWithinMs)
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
