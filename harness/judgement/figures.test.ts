import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import type { Evidence } from '../evidence.ts'
import { times } from '../picture.fixture.ts'
import { client, healthy, stormCrash } from '../situations.fixture.ts'
import { latency } from './latency.ts'
import { memory } from './memory.ts'
import { plausibility } from './plausibility.ts'
import { timeline } from './timeline.ts'

const GiB = 2 ** 30

describe('latency', () => {
  it('counts from the intended start, timeouts included, to three figures', () => {
    const requests = [...times(99, (index) => `${client(index)}0 1000..1100+50 ok`), 'z0 1000..6000 timeout']
    const { response, service, sendDelay } = latency(evidence({ requests }))
    expect(response?.p50Ms).toBeCloseTo(150, 0)
    expect(service?.p50Ms).toBeCloseTo(100, 0)
    expect(sendDelay?.p99Ms).toBeCloseTo(50, 0)
    expect(service?.maxMs).toBeCloseTo(5_000, -1)
    expect(service?.count).toBe(100)
  })

  it('leaves out what found no living service, and is empty without attempts', () => {
    const requests = ['a0 0..100 ok', 'b0 3000..3001 refused']
    expect(latency(evidence({ requests, exit: { t: 2_000, code: 1 } })).service?.count).toBe(1)
    expect(latency(evidence({}))).toMatchObject({ response: null, service: null, sendDelay: null })
  })

  it('counts what was sent late, with its delay, also after the first error; and what was due and never sent', () => {
    const inTime = times(50, (index) => `${client(index)}0 1000..1050+100 ok`)
    const late = ['y0 2000..3000+101 timeout', 'z0 4000..4100+2500 ok']
    const record = evidence({ requests: [...inTime, ...late] })
    const [summary] = record.clients
    if (!summary) throw new Error('a client wanted')
    const { sentLate } = latency({ ...record, clients: [{ ...summary, overdue: 3 }, ...record.clients.slice(1)] })
    expect(sentLate).toEqual({ count: 2, of: 52, allowedMs: 100, maxMs: 2_500, neverSent: 3 })
  })
})

describe('timeline', () => {
  it('lists each error with its first, last and count per second, those after the death included', () => {
    const requests = ['a0 0..1200 reset', 'b0 0..1900 reset', 'c0 0..3100 reset', 'd0 4000..4001 refused']
    expect(timeline(evidence({ requests, exit: { t: 3_200, code: 1 } }))).toEqual({
      errors: [
        {
          errorClass: 'reset',
          count: 3,
          firstMs: 1_200,
          lastMs: 3_100,
          perSecond: [
            [1, 2],
            [3, 1],
          ],
          firstRef: 'samples.ndjson:10000',
        },
        {
          errorClass: 'refused',
          count: 1,
          firstMs: 4_001,
          lastMs: 4_001,
          perSecond: [[4, 1]],
          firstRef: 'samples.ndjson:10003',
        },
      ],
      diedMs: 3_200,
      firstHealthFailureMs: null,
      lastHealthOkMs: null,
      startedAgainMs: [],
      healthErrors: [],
      healthBackMs: null,
    })
  })

  it('says when health failed first and was good last, since the burst', () => {
    const health = (
      [
        [-500, 503],
        [250, 200],
        [500, 503],
        [750, 200],
        [1_000, null],
      ] as const
    ).map(([t, status]) => {
      return { kind: 'health' as const, t, ref: 'x', tookMs: 1, status, failure: null }
    })
    expect(timeline({ ...evidence({}), health })).toMatchObject({ firstHealthFailureMs: 500, lastHealthOkMs: 750 })
  })
})

describe('memory', () => {
  it('takes limit and peak from the kernel, the baseline from the burst', () => {
    expect(memory(evidence({ memory: '▂▄█▄', oomKills: '0000' }))).toEqual({
      limiter: 'cgroup-v1',
      limitBytes: 2 * GiB,
      peakBytes: 2 * GiB,
      baselineBytes: 0.5 * GiB,
      seriesBytes: [0.5 * GiB, GiB, 2 * GiB, GiB],
    })
  })

  it('draws 60 values at most and keeps the spikes', () => {
    const { seriesBytes } = memory(
      evidence({ stepMs: 10, memory: times(6_000, (index) => (index === 3_333 ? 1 : 0.25)) }),
    )
    expect(seriesBytes).toHaveLength(60)
    expect(Math.max(...seriesBytes)).toBe(2 * GiB)
  })
})

describe('the moment of death', () => {
  it("is when the kernel's counter rose, not when the end was noticed: a client may notice first", () => {
    const { t: exitMs } = stormCrash().exit ?? { t: 0 }
    const kill = (t: number, oomKills: number) =>
      ({ ...stormCrash().cgroup[0], t, oomKills }) as Evidence['cgroup'][number]
    const cgroup = [kill(exitMs - 120, 0), kill(exitMs - 110, 1), kill(exitMs, 1)]
    expect(timeline({ ...stormCrash(), cgroup }).diedMs).toBe(exitMs - 110)
    expect(timeline({ ...stormCrash(), cgroup: [] }).diedMs).toBe(exitMs)
  })

  it('is the exit where a counter rose long before, or the process ended by itself', () => {
    const { t: exitMs } = stormCrash().exit ?? { t: 0 }
    const kill = (t: number, oomKills: number) =>
      ({ ...stormCrash().cgroup[0], t, oomKills }) as Evidence['cgroup'][number]
    const cgroup = [kill(exitMs - 5_000, 0), kill(exitMs - 4_990, 1), kill(exitMs, 1)]
    expect(timeline({ ...stormCrash(), cgroup }).diedMs).toBe(exitMs)
  })
})

describe('plausibility', () => {
  it('says what a pending event would have to weigh, and how fast events were really written', () => {
    const record = evidence({
      memory: '▁▄▇▄',
      pending: '0844',
      written: '0149',
      inProgress: '0932',
      awaiting: '0512',
      requests: ['a0*4 0..1000 timeout', 'a0*4 2000..2900 ok'],
    })
    const figures = plausibility(record)
    expect(figures).toMatchObject({
      peakPendingEvents: 8,
      // The backlog peaks a second before the memory.
      bytesPerPendingEvent: (0.75 * GiB) / 8,
      bytesPerEventAsJson: 800,
      attemptsPerEvent: 2,
      // 1 -> 9 within the two seconds that began and ended with work pending
      effectiveWriteRatePerSec: 4,
      peakAbandonedRequests: 4,
    })
  })

  it('counts events per second over the lives of the RRs, not over what the run went on to watch', () => {
    const record = evidence({ requests: ['a0*60 0..100 ok'], endMs: 40_000 })
    expect(plausibility(record).eventsPerSecEmitted).toBe(2)
    const paced = { ...record, load: { ...record.load, rrs: 5, pace: { rrs: 2, everyMs: 5_000 } } }
    expect(plausibility(paced).eventsPerSecEmitted).toBe(60 / 40)
    const even = { ...record, load: { ...record.load, rrs: 5, arrivals: { kind: 'rate' as const, perSec: 0.4 } } }
    expect(plausibility(even).eventsPerSecEmitted).toBe(60 / 40)
  })

  it('says how far from its limits the service stayed, while RRs lived', () => {
    // One step is a second: 10 % of the CPU for 30 s, then all of it for what the harness is not interested in.
    const cpu = times(41, (second) => (second <= 30 ? 0.1 : 1))
    const picture = { cpu, memory: times(41, () => 0.25), poolInUse: times(41, (second) => (second === 7 ? 3 : 0)) }
    const record = evidence({
      ...picture,
      poolWaiting: times(41, () => 0),
      requests: ['a0*12 0..9 ok', 'a12*3 1..9 ok'],
    })
    const figures = plausibility(record)
    expect(figures.cpuUsedShare).toBeCloseTo(0.1)
    expect(figures).toMatchObject({ peakConnections: 3, poolSize: 25, eventsPerRequest: 7.5 })
  })

  it('claims nothing that was not measured', () => {
    const record = { ...stormCrash(), service: [], cgroup: [] }
    expect(plausibility(record)).toMatchObject({
      peakPendingEvents: null,
      bytesPerPendingEvent: null,
      effectiveWriteRatePerSec: null,
      peakAbandonedRequests: null,
    })
    expect(plausibility(healthy()).bytesPerPendingEvent).toBeNull()
  })
})
