import { z } from 'zod'
import { defineKind } from './kind.ts'
import { formatRate, formatSeconds, parseRates, startsAtRates } from './rates.ts'

export const steps = defineKind({
  name: 'steps',
  syntax: '<n>-<n>...-<n>/s:<time>',
  example: 'steps:5-20-50/s:10s',
  schema: z
    .object({
      kind: z.literal('steps'),
      perSec: z.array(z.number().nonnegative()).min(1),
      eachMs: z.number().positive(),
    })
    .meta({ id: 'StepArrivals', description: 'at each rate for eachMs, and then at the last' }),
  parse(words) {
    const { perSec = [], forMs = null } = parseRates(words) ?? {}
    if (perSec.length < 2 || forMs === null || Math.max(...perSec) <= 0) {
      return { problem: 'takes two rates or more, not all 0, and the time of each such as steps:5-20-50/s:10s' }
    }
    return { arrivals: { kind: 'steps' as const, perSec: [...perSec], eachMs: forMs }, forMs: perSec.length * forMs }
  },
  startsMs: ({ perSec, eachMs }) =>
    startsAtRates(
      perSec.map((one) => ({ fromPerSec: one, toPerSec: one, forMs: eachMs })),
      perSec.at(-1) ?? 0,
    ),
  isSteady: false,
  peakPerSec: ({ perSec }) => Math.max(...perSec),
  describe: ({ perSec, eachMs }) => `${perSec.map(formatRate).join(', ')} RRs/s, ${formatSeconds(eachMs)} each`,
})
