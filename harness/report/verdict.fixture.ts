import type { Manifest } from '../record.ts'
import type { Verdict } from '../verdict.ts'

const GiB = 2 ** 30

export const manifest: Manifest = {
  schemaVersion: 1,
  id: '2026-01-02T03-04-05-high-load-7f3a',
  scenario: 'high-load',
  startedAt: '2026-01-02T03:04:05.000Z',
  load: {
    rrs: 100,
    eventsPerRr: 3,
    lifeMs: 30_000,
    spreadMs: 200,
    pace: null,
    queriesPerSec: 2,
    approvalShare: 0,
    emitter: 'per-rr',
  },
  client: {
    bufferEvents: 30_000,
    batchEvents: 1_000,
    flushMs: 1_000,
    timeoutMs: 5_000,
    attempts: 3,
    retryPauseMs: 1_000,
    retryJitter: 0,
    onBusy: 'drop',
    sendsIdempotencyKey: false,
  },
  limits: { memoryLimitBytes: 2 * GiB, cpus: 1 },
  phases: { warmUpMs: 3_000, afterDeathMs: 5_000, maxMs: 150_000 },
  poolSize: 25,
  seed: 1,
  command: 'npm run scenario high-load -- --seed 1',
  expect: { expectation: 'memory-limit', from: 'the scenario' },
  runtime: 'auto',
  git: { commit: '0123456789abcdef0123456789abcdef01234567', dirty: false },
  versions: { culprit: '0.1.0', node: '24.0.0' },
  machine: { cpuModel: 'a CPU', cpus: 2, memoryBytes: 24 * GiB, kernel: '6.1' },
}

/** A crash with a whole chain, one refuted rival and one that could not be settled. Its numbers are made up. */
export const crash: Verdict = {
  schemaVersion: 1,
  run: manifest.id,
  scenario: 'high-load',
  outcome: 'crashed',
  headline:
    'The kernel killed DataStorage at its memory limit, at the end of a retry storm that a starved CPU set off.',
  diedMs: 33_740,
  chain: [
    { role: 'trigger', hypothesis: 'cpu-too-small', leadsTo: 'retry-storm', because: 'it began before' },
    { role: 'amplifier', hypothesis: 'retry-storm', leadsTo: 'memory-limit', because: 'memory follows the backlog' },
    { role: 'death', hypothesis: 'memory-limit', leadsTo: null, because: null },
  ],
  findings: [
    finding('memory-limit', 'memory limit', 'death', 'supported', 'oom_kill 0 -> 1 at +33.7 s; peak 2 GiB of 2 GiB'),
    finding(
      'retry-storm',
      'retry storm',
      'amplifier',
      'supported',
      '2.4 attempts per event; 118 of 166 requests had no client left',
    ),
    finding('cpu-too-small', 'CPU too small', 'trigger', 'supported', 'throttled in 97 % of periods'),
    finding('outside-kill', 'outside kill', 'death', 'refuted', "the kernel's own counter moved first"),
    finding('batch-blocked', 'batch blocked', 'trigger', 'inconclusive', 'no reading of writes'),
  ],
  missing: ['batch blocked: no reading of writes'],
  timeline: {
    errors: [
      {
        errorClass: 'reset',
        count: 21,
        firstMs: 1_010,
        lastMs: 33_750,
        perSecond: [
          [1, 20],
          [33, 1],
        ],
        firstRef: 'samples.ndjson:9',
      },
      {
        errorClass: 'timeout',
        count: 312,
        firstMs: 5_600,
        lastMs: 33_000,
        perSecond: [[5, 312]],
        firstRef: 'samples.ndjson:99',
      },
      {
        errorClass: 'refused',
        count: 88,
        firstMs: 33_900,
        lastMs: 38_000,
        perSecond: [[33, 88]],
        firstRef: 'samples.ndjson:999',
      },
    ],
    diedMs: 33_740,
    firstHealthFailureMs: 33_800,
    lastHealthOkMs: 33_500,
  },
  memory: {
    limiter: 'cgroup-v1',
    limitBytes: 2 * GiB,
    peakBytes: 2 * GiB,
    baselineBytes: 0.1 * GiB,
    seriesBytes: Array.from({ length: 60 }, (_, i) => (i / 59) * 2 * GiB),
  },
  cpu: { limitCpus: 1, by: 'quota' },
  latency: {
    response: { count: 400, p50Ms: 4_100, p95Ms: 5_000, p99Ms: 5_001, maxMs: 5_002 },
    service: { count: 400, p50Ms: 4_099, p95Ms: 4_999, p99Ms: 5_000, maxMs: 5_001 },
    sendDelay: { count: 100, p50Ms: 0.2, p95Ms: 0.4, p99Ms: 0.6, maxMs: 0.6 },
  },
  accounting: {
    emitted: 300,
    attempted: 298,
    acknowledged: 52,
    stored: 240,
    acknowledgedAndLost: 0,
    inDeadLetterQueue: 0,
    storedUnacknowledged: 188,
    storedMoreThanOnce: 75,
    droppedByClient: 246,
    neverAttempted: 2,
    unknown: 0,
  },
  plausibility: {
    peakPendingEvents: 166,
    bytesPerPendingEvent: 12 * 2 ** 20,
    bytesPerEventAsJson: 820,
    eventsPerSecEmitted: 10,
    attemptsPerSecSent: 14.2,
    attemptsPerEvent: 2.4,
    eventsPerRequest: 1.2,
    effectiveWriteRatePerSec: 9.1,
    peakAbandonedRequests: 118,
    cpuUsedShare: 0.99,
    peakConnections: 2,
    poolSize: 25,
  },
  expectation: {
    expected: 'memory-limit',
    from: 'the scenario',
    held: true,
    exitCode: 0,
    sentence: 'expected a crash by the memory limit: it held (exit 0)',
  },
}

function finding(
  hypothesis: string,
  label: string,
  role: Verdict['findings'][number]['role'],
  answer: Verdict['findings'][number]['answer'],
  because: string,
): Verdict['findings'][number] {
  const result = answer === 'supported' ? 'seen' : answer === 'refuted' ? 'absent' : 'not measurable'
  const observations = [
    { prediction: `what ${label} predicts`, necessary: true, result, because, refs: ['probes.ndjson:7'] } as const,
  ]
  return { hypothesis, label, role, claim: `It was the ${label}.`, answer, because, observations }
}
