import { expect, test } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import type { Load } from '../scenario.ts'
import { cpuPerEventMs, sustainedEventsPerSec, timeToRecoverMs } from './under-load.ts'

/** A record of these requests, sent under this load; a burst of 200 ms and a client that flushes each second, unless changed. */
const under = (load: Partial<Load>, requests: string[]) => {
  const record = evidence({ requests })
  return { ...record, load: { ...record.load, ...load } }
}

test('events/s count from a quarter on, until the first connection has no more to send', () => {
  // One each 100 ms; the other connection goes on for longer, alone, and twice as fast.
  const short = Array.from({ length: 10 }, (_, index) => `a${index} ${index * 100}..${(index + 1) * 100} ok`)
  const long = Array.from({ length: 30 }, (_, index) => `b${index} ${index * 50}..${(index + 1) * 50} ok`)
  const loop = { emitter: 'closed-loop' as const, rrs: 2 }
  expect(sustainedEventsPerSec(under(loop, [...short, ...long]))).toBe(10 + 20 + 2 / 3)
  const refused = short.map((request, index) => (index === 5 ? request.replace('ok', '5xx') : request))
  expect(sustainedEventsPerSec(under(loop, [...refused, ...long]))).toBeLessThan(30)
  const queued = short.map((request) => request.replace('ok', 'accepted'))
  expect(sustainedEventsPerSec(under(loop, [...queued, ...long]))).toBe(20)
})

test('nothing is sustained where a connection is missing, or no loop was played', () => {
  expect(sustainedEventsPerSec(under({ emitter: 'closed-loop', rrs: 2 }, ['a0 0..100 ok']))).toBeNull()
  expect(sustainedEventsPerSec(under({ emitter: 'direct' }, ['a0 0..100 ok']))).toBeNull()
})

const bursts = { rrs: 4, pace: { rrs: 2, everyMs: 3_000 } }

test('a burst is over when all that was due in it is answered; later events of its RRs do not count', () => {
  const requests = ['a0 100..400 ok', 'b0 900..1500 ok', 'a1 2000..2900 ok', 'c0 3100..3200 ok', 'd0 3200..3500 ok']
  expect(timeToRecoverMs(under(bursts, requests))).toBe((1_500 + 500) / 2)
})

test('what has to be sent again makes a burst longer, and what is given up leaves it open', () => {
  const rest = ['c0 3100..3200 ok', 'd0 3200..3500 ok']
  expect(timeToRecoverMs(under(bursts, ['a0 100..400 5xx', 'a0 1400..2100 ok', ...rest]))).toBe((2_100 + 500) / 2)
  expect(timeToRecoverMs(under(bursts, ['a0 100..400 5xx', ...rest]))).toBeNull()
})

test('single RRs are no burst, and a burst that sent nothing is not known', () => {
  expect(timeToRecoverMs(under({ rrs: 2, pace: { rrs: 1, everyMs: 25 } }, ['a0 0..10 ok', 'b0 25..30 ok']))).toBeNull()
  const even = { rrs: 2, arrivals: { kind: 'rate' as const, perSec: 40 } }
  expect(timeToRecoverMs(under(even, ['a0 0..10 ok', 'b0 25..30 ok']))).toBeNull()
  expect(timeToRecoverMs(under(bursts, ['a0 100..400 ok']))).toBeNull()
})

test('CPU time is that of the load, for each event that was acknowledged', () => {
  // A tenth of a CPU before the burst, half of one for two seconds, and all of it after the last answer.
  const cpu = { stepMs: 500, cpus: 1, cpu: [0.1, 0.5, 0.5, 0.5, 0.5, 1] }
  const requests = ['a0*3 0..900 ok', 'a3 900..2000 ok', 'b0*2 900..1950 5xx']
  expect(cpuPerEventMs(evidence({ ...cpu, requests }))).toBe(1_000 / 4)
  expect(cpuPerEventMs(evidence({ requests }))).toBeNull()
  expect(cpuPerEventMs(evidence({ ...cpu, requests: ['a0 0..900 5xx'] }))).toBeNull()
})
