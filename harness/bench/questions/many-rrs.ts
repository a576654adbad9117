import type { PlayResult } from '../playing.ts'
import { runJob } from '../processes.ts'
import type { Question } from './question.ts'

const lifeMs = 5_000
const rrsPerSec = 2_000
const steps = [
  { emitter: 'per-rr', rrs: 1_000 },
  { emitter: 'per-rr', rrs: 10_000 },
  { emitter: 'per-rr', rrs: 100_000 },
  { emitter: 'shared', rrs: 1_000 },
  { emitter: 'shared', rrs: 100_000 },
] as const

/** What an RR costs the generator, and whether that grows with their number. */
export const manyRrs: Question = {
  name: 'many-rrs',
  title: 'What an RR costs',
  async ask({ isQuick, startServer, ofTools, say }) {
    await using server = await startServer()
    const results: (PlayResult & { emitter: string; rrs: number })[] = []
    for (const { emitter, rrs } of isQuick ? steps.slice(0, 1) : steps) {
      const job = { kind: 'play', origin: server.origin, emitter, rrs, rrsPerSec, lifeMs }
      const result = await runJob<PlayResult>(job, ofTools)
      const { events, acknowledged, dropped } = result
      if (acknowledged + dropped !== events)
        throw new Error(`of ${events} events ${acknowledged + dropped} are accounted for`)
      say(`  ${emitter}, ${rrs} RRs: ${((result.cpuMs / rrs) * 1_000).toFixed(0)} µs each`)
      results.push({ emitter, rrs, ...result })
    }
    const ms = (value: number) => `${value.toFixed(1)} ms`
    return {
      header: [
        'Clients',
        'RRs',
        'Events',
        'Acknowledged',
        'Requests',
        'CPU per RR',
        'Memory at most',
        'per RR',
        'Send delay p99',
        'max',
      ],
      rows: results.map((one) => [
        one.emitter,
        one.rrs.toLocaleString('en'),
        one.events.toLocaleString('en'),
        one.acknowledged.toLocaleString('en'),
        one.attempts.toLocaleString('en'),
        `${((one.cpuMs / one.rrs) * 1_000).toFixed(0)} µs`,
        `${(one.rssPeakBytes / 2 ** 20).toFixed(0)} MiB`,
        perRr(one, results),
        ms(one.sendDelayP99Ms),
        ms(one.sendDelayMaxMs),
      ]),
      note: `${rrsPerSec.toLocaleString('en')} RRs a second, three events each over ${lifeMs / 1_000} s, planned, sent and recorded as in a run, against ${server.name}; the whole process, Node and its compiling included. Memory per RR: what the larger load takes beyond the smallest one.`,
      data: results,
    }
  },
}

function perRr(
  one: PlayResult & { emitter: string; rrs: number },
  all: readonly (PlayResult & { emitter: string; rrs: number })[],
) {
  const least = all.find(({ emitter }) => emitter === one.emitter)
  if (!least || least.rrs === one.rrs) return ''
  return `${((one.rssPeakBytes - least.rssPeakBytes) / (one.rrs - least.rrs) / 1_024).toFixed(1)} KiB`
}
