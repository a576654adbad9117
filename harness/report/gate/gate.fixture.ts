import { decide } from '../../gate/decide.ts'
import { parseLimits } from '../../gate/limits.ts'
import { parseThresholds } from '../../gate/thresholds.ts'
import type { GateLine } from '../../gate-history.ts'
import type { GateResult, Pair, Threshold } from '../../gate-result.ts'
import type { GateReport } from './report.ts'

const limits = parseLimits(['p50 +5 %', 'p95 +5 %', 'p99 +10 %', 'peak memory +5 %', 'lost = 0'], [])

const thresholds = parseThresholds(['p99 < 250 ms between 5 s and 20 s', 'no error before the burst'], [])

/** Pairs of runs whose candidate is slower by a factor, the 99th percentile with so much spread that nobody can say. */
function pairsOf(count: number, slower: number): Pair[] {
  return Array.from({ length: count }, (_, index) => {
    const wobble = 1 + (((index * 7) % 5) - 2) / 400
    const wild = [0.5, 1.9, 0.8, 1.6, 0.7][index % 5] ?? 1
    const values = { p50: 4, p95: 9, p99: 20, 'peak memory': 9e7, lost: 0 }
    const after = { ...values, p50: 4 * slower * wobble, p95: 9 * wobble, p99: 20 * wild, 'peak memory': 9e7 * wobble }
    return {
      baseline: { unusable: null, crashed: false, values },
      candidate: { unusable: null, crashed: false, values: after, readings: [20, null] },
    }
  })
}

export function gated(scenario: string, pairs: readonly Pair[], absolute: readonly Threshold[] = []): GateResult {
  return {
    scenario,
    baseline: 'the stand-in of v1.2.0 (0123456789ab)',
    candidate: 'the stand-in as it lies here',
    decision: decide(pairs, limits, absolute),
    pairs,
    drifts: [],
  }
}

/** A gate that fails one limit of one scenario, cannot decide another, lacks data for a threshold, and keeps the rest. */
export const slower = gated('steady', pairsOf(12, 1.2), thresholds)
export const alike = gated('burst', pairsOf(8, 1))

const night = (day: number, { pairs: _, drifts: __, ...result }: GateResult): GateLine => ({
  at: `2026-01-0${day}T02:17:00.000Z`,
  ...result,
})

export const gateReport: GateReport = {
  startedAt: '2026-01-04T02:17:00.000Z',
  results: [slower, alike],
  scenarios: ['steady', 'burst'],
  history: {
    lines: [night(2, alike), night(3, gated('steady', [])), night(4, slower), night(4, alike)],
    unreadable: 1,
  },
  command: 'npm run gate -- --baseline v1.2.0',
  machine: { cpuModel: 'some CPU', cpus: 2, memoryBytes: 8 * 2 ** 30, kernel: '6.1' },
  git: { commit: '0123456789abcdef', dirty: true },
}
