import { z } from 'zod'
import { parseDuration } from '../units.ts'
import { defineKind } from './kind.ts'
import { formatSeconds } from './rates.ts'

export const batches = defineKind({
  name: 'batches',
  syntax: '<n>/<time>',
  example: 'batches:20/2s',
  schema: z
    .object({ kind: z.literal('batches'), rrs: z.int().positive(), everyMs: z.number().positive() })
    .meta({ id: 'BatchArrivals', description: 'rrs of them at once, every everyMs' }),
  parse(words) {
    const [, count = '', time = ''] = /^(\d{1,9})\/(.+)$/.exec(words) ?? []
    const [rrs, everyMs] = [Number(count), parseDuration(time)]
    if (!(rrs > 0 && everyMs !== null && everyMs > 0)) return { problem: 'takes a number and a time such as 20/2s' }
    return { arrivals: { kind: 'batches' as const, rrs, everyMs }, forMs: null }
  },
  *startsMs({ rrs, everyMs }) {
    for (let seq = 0; ; seq++) yield Math.floor(seq / rrs) * everyMs
  },
  isSteady: true,
  peakPerSec: ({ rrs, everyMs }) => (rrs * 1000) / everyMs,
  describe: ({ rrs, everyMs }) => `${rrs} ${rrs === 1 ? 'RR' : 'RRs'} every ${formatSeconds(everyMs)}`,
})
