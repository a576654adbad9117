import { z } from 'zod'
import { defineKind } from './kind.ts'
import { formatRate, formatSeconds, parseRates, startsAtRates } from './rates.ts'

export const ramp = defineKind({
  name: 'ramp',
  syntax: '<from>-<to>/s:<time>',
  example: 'ramp:5-50/s:30s',
  schema: z
    .object({
      kind: z.literal('ramp'),
      fromPerSec: z.number().nonnegative(),
      toPerSec: z.number().nonnegative(),
      overMs: z.number().positive(),
    })
    .meta({ id: 'RampArrivals', description: 'at a rate that changes evenly, and then stays' }),
  parse(words) {
    const { perSec: [fromPerSec = 0, toPerSec, ...more] = [], forMs = null } = parseRates(words) ?? {}
    if (toPerSec === undefined || more.length > 0 || forMs === null || fromPerSec + toPerSec <= 0) {
      return { problem: 'takes two rates, not both 0, and a time such as ramp:5-50/s:30s' }
    }
    return { arrivals: { kind: 'ramp' as const, fromPerSec, toPerSec, overMs: forMs }, forMs }
  },
  startsMs: ({ fromPerSec, toPerSec, overMs }) => startsAtRates([{ fromPerSec, toPerSec, forMs: overMs }], toPerSec),
  isSteady: false,
  peakPerSec: ({ fromPerSec, toPerSec }) => Math.max(fromPerSec, toPerSec),
  describe: ({ fromPerSec, toPerSec, overMs }) =>
    `${formatRate(fromPerSec)} to ${formatRate(toPerSec)} RRs/s over ${formatSeconds(overMs)}`,
})
