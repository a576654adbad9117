import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { ChosenFault } from './fault.ts'
import { type Manifest, schemaVersion } from './record.ts'
import type { Scenario } from './scenario.ts'
import type { AppliedLimits } from './stack.ts'
import type { Subject } from './subject.ts'

/** A run as it will be carried out: every knob resolved. */
export interface RunPlan {
  readonly scenario: Scenario
  readonly seed: number
  readonly runtime: 'auto' | 'embedded' | 'docker' | 'podman' | 'target'
  /** How to limit the service: `auto` takes the first way that works here. */
  readonly limiter: 'auto' | Exclude<AppliedLimits['limiter'], 'engine'>
  /** What is tested; the stand-in unless given. */
  readonly subject?: Subject | undefined
  /** Values of the variables that an image is given, by the names in `subject.env`. They are not recorded. */
  readonly subjectEnv?: Readonly<Record<string, string>> | undefined
  /** Images of the servers instead of the usual ones. */
  readonly images?: { readonly postgres?: string | undefined; readonly redis?: string | undefined } | undefined
  /** A program to run in place of the stand-in of this checkout, such as the stand-in of another revision. */
  readonly serviceEntry?: string | undefined
  /** Done to the run on purpose. What they are goes to truth.json alone. */
  readonly faults?: readonly ChosenFault[] | undefined
  /** Whether the service is started again after the run, and counted again what it has stored. */
  readonly recovers?: boolean | undefined
  readonly expect: Manifest['expect']
  /** The command that repeats this run, without and with the stand-in's profile. */
  readonly command: string
  readonly replay: string
}

const projectDir = resolve(import.meta.dirname, '..')

/** What this machine has: the bounds of `--memory` and `--cpus`, and part of every manifest. */
export function describeMachine(): Manifest['machine'] {
  return {
    cpuModel: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
  }
}

/** The versions that a run was made with. */
export async function describeVersions(): Promise<Manifest['versions']> {
  const own = JSON.parse(await readFile(join(projectDir, 'package.json'), 'utf8')) as { version: string }
  return { culprit: own.version, node: process.versions.node }
}

/** The commit that made a run, and whether anything but results had been changed since. `null` outside of a git checkout. */
export async function describeGit(): Promise<Manifest['git']> {
  const git = (...args: string[]) => promisify(execFile)('git', ['-C', projectDir, ...args])
  try {
    const [commit, status] = await Promise.all([
      git('rev-parse', 'HEAD'),
      git('status', '--porcelain', '--', '.', ':!results'),
    ])
    return { commit: commit.stdout.trim(), dirty: status.stdout.trim() !== '' }
  } catch {
    return null
  }
}

/** run.json of a run that is about to start. */
export async function describeRun(plan: RunPlan, id: string): Promise<Manifest> {
  const { scenario, seed, expect, runtime } = plan
  return {
    schemaVersion,
    id,
    scenario: scenario.name,
    startedAt: new Date().toISOString(),
    load: scenario.load,
    client: scenario.client,
    limits: scenario.limits,
    phases: scenario.phases,
    ...(scenario.checks && { checks: scenario.checks }),
    poolSize: scenario.service.poolSize,
    seed,
    command: plan.command,
    expect,
    runtime,
    ...(plan.subject && { subject: plan.subject }),
    git: await describeGit(),
    versions: await describeVersions(),
    machine: describeMachine(),
  }
}
