import { z } from 'zod'
import { defineKind } from './kind.ts'
import { formatRate, parseOneRate, perSecSchema } from './rates.ts'

export const poisson = defineKind({
  name: 'poisson',
  syntax: '<n>/s[:<time>]',
  example: 'poisson:20/s:30s',
  schema: z
    .object({ kind: z.literal('poisson'), perSec: perSecSchema })
    .meta({ id: 'PoissonArrivals', description: 'each independent of all others, at this rate on average' }),
  parse(words) {
    const one = parseOneRate(words)
    if (!one) return { problem: 'takes a rate above 0 such as poisson:20/s or poisson:20/s:30s' }
    return { arrivals: { kind: 'poisson' as const, perSec: one.perSec }, forMs: one.forMs }
  },
  /** The time from each to the next is exponential. */
  *startsMs({ perSec }, random) {
    for (let t = 0; ; ) {
      t -= (Math.log(1 - random()) * 1000) / perSec
      yield t
    }
  },
  isSteady: true,
  peakPerSec: ({ perSec }) => perSec,
  describe: ({ perSec }) => `${formatRate(perSec)} RRs/s on average, at random (Poisson)`,
})
