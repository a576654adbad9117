import { z } from 'zod'
import { parseDuration } from '../units.ts'

export const perSecSchema = z.number().positive()

/** A stretch of time in which the rate goes evenly from one value to another. */
export interface Stretch {
  readonly fromPerSec: number
  readonly toPerSec: number
  readonly forMs: number
}

/** Of an RR: so much is a rounding error, not an arrival. */
const tinyShare = 1e-9

/**
 * The moments at which a rate that changes has brought 0, 1, 2, ... RRs, in milliseconds: after the stretches it stays at
 * `thenPerSec`. Ends where that is 0.
 */
export function* startsAtRates(stretches: readonly Stretch[], thenPerSec: number): Generator<number> {
  let seq = 0
  let earlier = 0
  let sinceMs = 0
  for (const stretch of stretches) {
    const { fromPerSec, toPerSec, forMs } = stretch
    const within = ((fromPerSec + toPerSec) / 2) * (forMs / 1000)
    for (; seq < earlier + within - tinyShare; seq++) yield sinceMs + momentIn(stretch, seq - earlier)
    earlier += within
    sinceMs += forMs
  }
  if (thenPerSec <= 0) return
  for (; ; seq++) yield sinceMs + ((seq - earlier) * 1000) / thenPerSec
}

/** When a stretch has brought so many: the root of a parabola, in the form that takes a level one, too. */
function momentIn({ fromPerSec, toPerSec, forMs }: Stretch, count: number): number {
  if (count <= 0) return 0
  const perSec2 = ((toPerSec - fromPerSec) * 1000) / forMs
  return (2_000 * count) / (fromPerSec + Math.sqrt(Math.max(0, fromPerSec ** 2 + 2 * perSec2 * count)))
}

export interface Rates {
  readonly perSec: readonly number[]
  /** `null`: none is given. */
  readonly forMs: number | null
}

/** `5-50/s:30s`. `null`: it is no such thing. */
export function parseRates(words: string): Rates | null {
  const match = /^(\d+(?:\.\d+)?(?:-\d+(?:\.\d+)?)*)\/s(?::(.+))?$/.exec(words)
  if (!match) return null
  const perSec = (match[1] ?? '').split('-').map(Number)
  const forMs = match[2] === undefined ? null : parseDuration(match[2])
  if (match[2] !== undefined && !(forMs !== null && forMs > 0)) return null
  return { perSec, forMs }
}

/** `20/s:30s`, and the rate is above 0. `null`: it is no such thing. */
export function parseOneRate(words: string): { readonly perSec: number; readonly forMs: number | null } | null {
  const { perSec: [perSec = 0, ...more] = [], forMs = null } = parseRates(words) ?? {}
  return perSec > 0 && more.length === 0 ? { perSec, forMs } : null
}

/** `20`, `0.5`, `1,000`. */
export function formatRate(perSec: number): string {
  return perSec.toLocaleString('en', { maximumFractionDigits: 3 })
}

/** `30 s`, `2.5 s`. */
export function formatSeconds(durationMs: number): string {
  return `${(durationMs / 1000).toLocaleString('en', { maximumFractionDigits: 3 })} s`
}
