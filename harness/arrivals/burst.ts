import { z } from 'zod'
import { defineKind } from './kind.ts'

export const burst = defineKind({
  name: 'burst',
  syntax: '',
  example: 'burst',
  schema: z.object({ kind: z.literal('burst') }).meta({ id: 'BurstArrivals', description: 'all at once' }),
  parse: (words) =>
    words === '' ? { arrivals: { kind: 'burst' as const }, forMs: null } : { problem: 'burst takes nothing after it' },
  *startsMs() {
    for (;;) yield 0
  },
  isSteady: false,
  peakPerSec: () => null,
  describe: () => 'at once',
})
