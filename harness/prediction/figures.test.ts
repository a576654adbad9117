import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { type Picture, times } from '../picture.fixture.ts'
import { completeFigures, measureFigures } from './figures.ts'
import { GiB, MiB } from './prediction.fixture.ts'

const stepMs = 250
const limitBytes = 2 * GiB
const baselineBytes = 100 * MiB

/**
 * A service at work all the time: the backlog grows and shrinks in waves of 10 s, writing an event costs 90 ms of CPU, and
 * taking its 8 MiB costs 10 ms.
 */
function waves(changed: Partial<Picture> & { lag?: (step: number) => number; each?: number } = {}): Picture {
  const { lag = () => 0, each = 8 * MiB, ...picture } = changed
  const count = 120
  const wave = (step: number) => Math.round(25 * Math.sin((step * Math.PI) / 20))
  const taken = times(count, (step) => (step === 0 ? 0 : 100 + step * 4 + wave(step)))
  // Counted when they are committed, in lumps, while the CPU is used all the time.
  const written = times(count, (step) => 8 * Math.floor(step / 2))
  const cpuMs = times(count, (step) => 90 * 4 * step + 10 * (taken[step] ?? 0))
  const held = times(count, (step) => (taken[step] ?? 0) - (written[step] ?? 0))
  return {
    stepMs,
    limitBytes,
    pending: held.map((events, step) => events + lag(step)),
    written,
    inProgress: held,
    awaiting: held.map((events) => Math.min(events, 70)),
    poolInUse: times(count, (step) => (step % 9 === 0 ? 3 : 2)),
    memory: [
      baselineBytes / limitBytes,
      ...held.slice(1).map((events) => (baselineBytes + events * each) / limitBytes),
    ],
    // The fixture takes shares of the step's quota.
    cpu: cpuMs.map((total, step) => (total - (cpuMs[step - 1] ?? 0)) / stepMs),
    ...picture,
  }
}

describe('figures of a record', () => {
  it('are those that the service worked by', () => {
    const measured = measureFigures(evidence(waves()))
    expect(measured.missing).toEqual([])
    expect(measured.workMsPerEvent).toBeCloseTo(100, 0)
    expect(measured.takeMsPerEvent).toBeCloseTo(10, 0)
    expect((measured.heldBytesPerEvent ?? 0) / MiB).toBeCloseTo(8, 1)
    expect(measured.baselineBytes).toBe(baselineBytes)
    expect(measured.writers).toBe(2)
  })

  it('have no cap where nobody was reset, and the most that were seen where somebody was', () => {
    expect(measureFigures(evidence(waves())).maxAwaitingAnswer).toBeNull()
    const reset = measureFigures(evidence(waves({ requests: ['a0 500..501 reset'] })))
    expect(reset.maxAwaitingAnswer).toBe(70)
  })

  it('take a reset at the death for no cap', () => {
    const picture = waves({ requests: ['a0 500..28000 reset'], exit: { t: 27_900, signal: 'SIGKILL' } })
    expect(measureFigures(evidence(picture)).maxAwaitingAnswer).toBeNull()
  })

  it('cannot tell what an event holds when memory never caught up', () => {
    const picture = waves({ each: 15 * MiB, lag: (step) => 240 - 2 * step })
    const { heldBytesPerEvent, missing } = measureFigures(evidence(picture))
    expect(heldBytesPerEvent).toBeNull()
    expect(missing).toEqual([
      expect.stringMatching(/^the memory of an event: it was not seen to catch up with the backlog/),
    ])
  })

  it('are not told by a service that was never busy, or said nothing of itself', () => {
    const idle = { stepMs, pending: times(9, () => 0), written: times(9, () => 3), inProgress: times(9, () => 0) }
    for (const picture of [idle, { memory: '▁▁▁▁' }]) {
      const measured = measureFigures(evidence(picture))
      expect(measured).toMatchObject({ workMsPerEvent: null, heldBytesPerEvent: null })
      expect(measured.missing).toHaveLength(2)
      expect(completeFigures(measured, {})).toBeNull()
    }
  })

  it('without a CPU counter, take all of the limit as used', () => {
    const { workMsPerEvent, cpuShare } = measureFigures(evidence({ ...waves(), cpu: undefined, cpus: 1 }))
    // 4 events in 250 ms.
    expect(workMsPerEvent).toBeGreaterThan(55)
    expect(workMsPerEvent).toBeLessThan(70)
    expect(cpuShare).toBe(1)
  })
})

describe('figures that are given', () => {
  it('replace those of the record, and taking half of the memory costs half as much', () => {
    const measured = measureFigures(evidence(waves()))
    const figures = completeFigures(measured, { heldBytesPerEvent: 4 * MiB, maxAwaitingAnswer: 160 })
    expect(figures).toMatchObject({ heldBytesPerEvent: 4 * MiB, maxAwaitingAnswer: 160, writers: 2 })
    expect(figures?.takeMsPerEvent).toBeCloseTo(5, 0)
    expect(figures?.workMsPerEvent).toBeCloseTo(100, 0)
  })

  it('need no record', () => {
    expect(completeFigures(null, { workMsPerEvent: 111, heldBytesPerEvent: MiB })).toEqual({
      workMsPerEvent: 111,
      takeMsPerEvent: 0,
      heldBytesPerEvent: MiB,
      baselineBytes: 0,
      maxAwaitingAnswer: null,
      writers: 1,
      cpuShare: 1,
    })
    expect(completeFigures(null, { workMsPerEvent: 111 })).toBeNull()
  })
})
