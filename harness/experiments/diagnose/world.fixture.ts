import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { hypotheses } from '../../hypotheses/index.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Manifest } from '../../record.ts'
import { recordFiles } from '../../record.ts'
import { crash, manifest } from '../../report/verdict.fixture.ts'
import type { ServiceOptions } from '../../scenario.ts'
import type { Verdict } from '../../verdict.ts'
import type { Means } from '../campaign/carry-out.ts'
import { createAsk } from '../what-if.ts'

/** What becomes of a run in a drawn world. */
export interface Fate {
  readonly diedMs?: number
  readonly signal?: string
  /** Of the causes that its verdict names. */
  readonly chain?: readonly string[]
  /** Limits that are in force although others were asked for. */
  readonly limits?: Partial<RunPlan['scenario']['limits']>
  readonly outcome?: Verdict['outcome']
  readonly missing?: readonly string[]
  readonly endMs?: number
}

const roles: Readonly<Record<string, Verdict['chain'][number]['role']>> = {
  'memory-limit': 'death',
  'outside-kill': 'death',
  'retry-storm': 'amplifier',
}

export const GiB = 2 ** 30

/** A recorded crash of high-load, and runs whose fate is drawn: their records are written, and nothing is started. */
export function drawWorld(fate: (plan: RunPlan) => Fate) {
  const ran: RunPlan[] = []
  const said: string[] = []
  const means: Means = {
    ask: createAsk(new AbortController().signal),
    commit: 'abc',
    say: (line) => said.push(line),
    async runOnce(plan, dir) {
      ran.push(plan)
      return writeRun(dir, plan.scenario, fate(plan))
    },
  }
  return { ran, said, means }
}

const recordedFate: Fate = { diedMs: 30_000, chain: crash.chain.map(({ hypothesis }) => hypothesis) }

/** The run that is asked about. */
export async function writeRecorded(
  dir: string,
  change: Partial<Manifest> = {},
  service: ServiceOptions = { profile: 'as-reported', profileOptions: {}, poolSize: 25 },
): Promise<void> {
  await writeRun(dir, manifest, recordedFate)
  await writeFile(join(dir, recordFiles.manifest), JSON.stringify({ ...manifest, id: basename(dir), ...change }))
  await writeFile(join(dir, recordFiles.truth), JSON.stringify({ service, replay: manifest.command }))
}

async function writeRun(
  dir: string,
  { load, client, limits: asked, phases }: Pick<Manifest, 'load' | 'client' | 'limits' | 'phases'>,
  { diedMs, signal = 'SIGKILL', chain = [], limits, outcome, missing = [], endMs = 60_000 }: Fate,
): Promise<Verdict> {
  await mkdir(dir, { recursive: true })
  const untilMs = diedMs ?? endMs
  const applied = { ...asked, ...limits }
  const events = [
    { kind: 'stack-ready', t: -3_000, runtime: 'embedded', pid: 7, versions: {} },
    { kind: 'limits', t: -3_000, limiter: 'cgroup-v1', memoryAndSwapLimitBytes: applied.memoryLimitBytes, ...applied },
    { kind: 'warm-up', t: -1_000, attempts: 10, failed: 0 },
    { kind: 'burst', t: 0, at: manifest.startedAt },
    ...(diedMs === undefined ? [] : [{ kind: 'exit', t: diedMs, pid: 7, code: null, signal }]),
    { kind: 'end', t: untilMs, reason: diedMs === undefined ? 'drained' : 'died' },
  ]
  const batch = load.pace ?? { rrs: load.rrs, everyMs: 0 }
  const samples = Array.from({ length: load.rrs }, (_, index) => index).flatMap((index) => {
    const bornMs = Math.floor(index / batch.rrs) * batch.everyMs
    return Array.from({ length: client.attempts }, (_, earlier) => {
      const t = bornMs + earlier * (client.timeoutMs + client.retryPauseMs)
      const failure = { errorClass: 'timeout', code: 'ETIMEDOUT', errno: 0, syscall: '', message: 'timeout' }
      return {
        ...{ kind: 'attempt', t, phase: 'load', operation: 'write-batch', client: `rr-${index}`, firstEvent: 0 },
        ...{ events: 3, attempt: earlier + 1, intendedMs: t, startedMs: t, endedMs: t + client.timeoutMs },
        ...{ outcome: 'unknown', status: null, failure },
      }
    })
  })
  const lines = (values: readonly object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')
  const manifestOfIt = { ...manifest, id: basename(dir), load, client, limits: asked, phases }
  await writeFile(join(dir, recordFiles.manifest), JSON.stringify(manifestOfIt))
  await writeFile(join(dir, recordFiles.events), lines(events))
  await writeFile(join(dir, recordFiles.samples), lines(samples.filter(({ t }) => t < untilMs)))
  return {
    ...crash,
    outcome: outcome ?? (diedMs === undefined ? 'survived' : 'crashed'),
    diedMs: diedMs ?? null,
    missing: [...missing],
    findings: hypotheses.map(({ name, label, role, claim }) => {
      const answer = chain.includes(name) ? 'supported' : 'refuted'
      return { hypothesis: name, label, role, claim, answer, because: '', observations: [] }
    }),
    chain: chain.map((hypothesis) => ({
      role: roles[hypothesis] ?? 'trigger',
      hypothesis,
      leadsTo: null,
      because: null,
    })),
  }
}
