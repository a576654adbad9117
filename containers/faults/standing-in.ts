import type { Effect, Fault, Level, Witness } from '../../harness/fault.ts'
import type { Scenario, ServiceOptions } from '../../harness/scenario.ts'

/** Every runtime that starts our own stand-in. */
export const withStandIn: Fault['runtimes'] = ['embedded', 'docker', 'podman']

/** One value for each level. */
export type PerLevel<T> = readonly [T, T, T, T, T]

export function at<T>(perLevel: PerLevel<T>, level: Level): T {
  return perLevel[level - 1] as T
}

/** The scenario with another behaviour of the stand-in. */
export function withProfile(
  scenario: Scenario,
  profile: string,
  profileOptions: ServiceOptions['profileOptions'],
  service: Partial<ServiceOptions> = {},
): Scenario {
  return { ...scenario, service: { ...scenario.service, profile, profileOptions, ...service } }
}

/** The service listens about this long before the warm-up: probes start, and clocks are set. */
const beforeWarmUpMs = 350

/** A time since the burst as one since the start of the service, to about a tenth of a second. */
export function sinceStart({ phases }: Scenario, atMs: number): number {
  return Math.round(beforeWarmUpMs + phases.warmUpMs + atMs)
}

/** The last figure that the stand-in confessed, or 0. */
export function confessed({ confessions }: Witness, fault: string, figure: string): number {
  const last = confessions.findLast((one) => one.fault === fault)
  return typeof last?.[figure] === 'number' ? last[figure] : 0
}

export function effect(tookEffect: boolean, because: string): Effect {
  return { tookEffect, because }
}

const MiB = 2 ** 20
export const mib = (bytes: number) => `${Math.round(bytes / MiB)} MiB`
