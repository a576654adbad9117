import type { Scenario } from '../scenario.ts'
import { parseSize } from '../units.ts'
import type { Bounds } from './knob.ts'
import { maxPool, maxRrs, minMemoryBytes } from './knobs.ts'

/** A knob that is a number, and has a threshold: more of it either helps a service to survive, or harms. */
export interface Dose {
  readonly flag: string
  readonly unit: 'bytes' | 'count' | 'CPUs'
  readonly moreHelps: boolean
  /** The smallest difference that is tried. */
  readonly step: number
  of(scenario: Scenario): number
  /** From the flag's text; `null`: it is none. */
  parse(text: string): number | null
  /** As the flag takes it. */
  text(value: number): string
  range(bounds: Bounds): { readonly min: number; readonly max: number }
}

const MiB = 2 ** 20
const parseNumber = (text: string) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : null)

export const doses: readonly Dose[] = [
  {
    flag: 'memory',
    unit: 'bytes',
    moreHelps: true,
    step: MiB,
    of: ({ limits }) => limits.memoryLimitBytes,
    parse: parseSize,
    text: (bytes) => `${Math.round(bytes / MiB)}m`,
    range: ({ memoryBytes }) => ({ min: minMemoryBytes, max: memoryBytes }),
  },
  {
    flag: 'rrs',
    unit: 'count',
    moreHelps: false,
    step: 1,
    of: ({ load }) => load.rrs,
    parse: parseNumber,
    text: String,
    range: () => ({ min: 1, max: maxRrs }),
  },
  {
    flag: 'pool',
    unit: 'count',
    moreHelps: true,
    step: 1,
    of: ({ service }) => service.poolSize,
    parse: parseNumber,
    text: String,
    range: () => ({ min: 1, max: maxPool }),
  },
  {
    flag: 'cpus',
    unit: 'CPUs',
    moreHelps: true,
    step: 0.01,
    of: ({ limits }) => limits.cpus,
    parse: parseNumber,
    text: String,
    range: ({ cpus }) => ({ min: 0.1, max: cpus }),
  },
]

const ratio = 1.01

/** The values between two others that are worth trying: steps of a hundredth, each what its flag can say. */
export function dosesBetween({ step }: Dose, from: number, to: number): number[] {
  const count = Math.floor(Math.log(to / from) / Math.log(ratio))
  const values = Array.from({ length: count + 1 }, (_, index) => from * ratio ** index)
  const rounded = [from, ...values, to].map((value) => Math.round(value / step) * step)
  const clean = rounded.map((value) => Number(value.toFixed(2))).filter((value) => value >= from && value <= to)
  return [...new Set(clean)].sort((a, b) => a - b)
}
