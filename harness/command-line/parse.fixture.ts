import { InputError } from '../errors.ts'
import type { Scenario } from '../scenario.ts'
import { parseCommandLine, type Request } from './parse.ts'
import type { Context } from './resolve.ts'

export const GiB = 2 ** 30

export const scenario: Scenario = {
  name: 'high-load',
  description: 'a crash',
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
  service: { profile: 'as-reported', profileOptions: { cpuMsPerEvent: 108 }, poolSize: 25 },
  limits: { memoryLimitBytes: 2 * GiB, cpus: 1 },
  phases: { warmUpMs: 3_000, afterDeathMs: 5_000, maxMs: 150_000 },
  expect: 'memory-limit',
}

export const parse = (line: string, more: Partial<Context> = {}): Request =>
  parseCommandLine(line.split(' '), {
    ...more,
    scenarios: [scenario, { ...scenario, name: 'healthy', expect: 'survive' }],
    profiles: ['healthy', 'as-reported'],
    causes: ['memory-limit', 'retry-storm'],
    faults: [],
    proofs: ['high-load'],
    memoryBytes: 8 * GiB,
    cpus: 2,
  })

/** What a run's command line asks for. */
export function plan(line: string, more?: Partial<Context>) {
  const request = parse(line, more)
  if (request.command !== 'scenario') throw new Error(`${line} was read as ${request.command}`)
  return request.plan
}

/** What is wrong with a command line. */
export function problems(line: string, more?: Partial<Context>): readonly string[] {
  try {
    parse(line, more)
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
  return []
}
