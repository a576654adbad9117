import { z } from 'zod'
import { defineKind } from './kind.ts'
import { formatRate, parseOneRate, perSecSchema, startsAtRates } from './rates.ts'

export const rate = defineKind({
  name: 'rate',
  syntax: '<n>/s[:<time>]',
  example: 'rate:20/s:30s',
  schema: z
    .object({ kind: z.literal('rate'), perSec: perSecSchema })
    .meta({ id: 'RateArrivals', description: 'one after another, evenly' }),
  parse(words) {
    const one = parseOneRate(words)
    if (!one) return { problem: 'takes a rate above 0 such as rate:20/s or rate:20/s:30s' }
    return { arrivals: { kind: 'rate' as const, perSec: one.perSec }, forMs: one.forMs }
  },
  startsMs: ({ perSec }) => startsAtRates([], perSec),
  isSteady: true,
  peakPerSec: ({ perSec }) => perSec,
  describe: ({ perSec }) => `${formatRate(perSec)} RRs/s`,
})
