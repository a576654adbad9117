import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { StackError } from '../../harness/errors.ts'
import type { Limits } from '../../harness/scenario.ts'
import { runTool } from '../embedded/tool.ts'
import { findMount, readBack } from './cgroup-v2.ts'
import { openCounters } from './cgroup-v2-counters.ts'
import { readText, refuseOtherThanAsked } from './group-folder.ts'
import type { LimitedGroup, Limiter } from './limiter.ts'
import { findUserManager, type UserManager } from './user-manager.ts'

/**
 * An ordinary user's way to a kernel limit: the user's systemd makes the group. The limits are those of a slice, and the
 * service runs in a scope in it: a scope is gone with its last process, and with it the counters that tell why that
 * process died; a slice stays until it is stopped.
 */
export const systemd: Limiter = { kind: 'systemd', unavailable, create, list, remove }

async function unavailable(): Promise<string | null> {
  const manager = await find()
  if (typeof manager === 'string') return manager
  const offered = (await readText(join(manager.groupFolder, 'cgroup.controllers')))?.trim().split(' ') ?? []
  const missing = ['memory', 'cpu'].filter((controller) => !offered.includes(controller))
  return missing.length === 0 ? null : `systemd does not hand on the ${missing.join(' and ')} controller to users`
}

async function find(): Promise<UserManager | string> {
  const mount = findMount((await readText('/proc/self/mountinfo')) ?? '')
  return mount === null ? 'control groups of version 2 are not mounted' : findUserManager(mount)
}

async function create(name: string, limits: Limits): Promise<LimitedGroup> {
  const manager = await find()
  if (typeof manager === 'string') throw new StackError(manager)
  const slice = sliceOf(name)
  await using undo = new AsyncDisposableStack()
  undo.defer(() => remove(name))
  await startSlice(slice, limits, manager)
  const folder = join(manager.groupFolder, slice)
  const applied = await readBack(folder, 'systemd')
  refuseOtherThanAsked(applied, limits)
  const counters = openCounters(folder)
  undo.defer(() => counters.close())
  const owned = undo.move()
  return {
    limits: applied,
    counters,
    prefix: scopeIn(slice, manager),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Over the bus, since no command starts a slice with limits of its own: see org.freedesktop.systemd1(5). */
async function startSlice(slice: string, limits: Limits, { env }: UserManager): Promise<void> {
  const properties = [
    ['Description', 's', 'Culprit: the limits of a service under test'],
    ['MemoryMax', 't', String(limits.memoryLimitBytes)],
    ['MemorySwapMax', 't', '0'],
    ['CPUQuotaPerSecUSec', 't', String(Math.round(limits.cpus * 1e6))],
  ]
  const manager = ['org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager']
  const call = ['busctl', '--user', 'call', ...manager, 'StartTransientUnit', 'ssa(sv)a(sa(sv))', slice, 'fail']
  await runTool([...call, String(properties.length), ...properties.flat(), '0'], {
    env,
    hint: 'choose another way with --limiter, such as watchdog',
  })
}

/** A scope's command is exec'd by systemd-run itself: the process id stays. `env` keeps the bus from the service. */
function scopeIn(slice: string, { env }: UserManager): string[] {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const run = ['systemd-run', '--user', '--scope', '--quiet', '--collect', `--slice=${slice}`, '--']
  return ['env', ...settings, ...run, 'env', ...Object.keys(env).flatMap((name) => ['-u', name])]
}

/** A dash in a slice's name would make it a slice inside a slice. */
function sliceOf(name: string): string {
  return `${name.replaceAll('-', '_')}.slice`
}

async function list(): Promise<string[]> {
  const manager = await find()
  if (typeof manager === 'string') return []
  const names = await readdir(manager.groupFolder).catch((): string[] => [])
  return names
    .filter((name) => name.endsWith('.slice'))
    .map((name) => name.slice(0, -'.slice'.length).replaceAll('_', '-'))
}

async function remove(name: string): Promise<void> {
  const manager = await find()
  if (typeof manager === 'string') return
  const slice = sliceOf(name)
  const systemctl = (...args: string[]) => runTool(['systemctl', '--user', ...args, slice], { env: manager.env })
  // Either fails where the slice is gone already. Stopping a slice waits for its scopes, so they are killed first.
  await systemctl('kill', '--signal=SIGKILL').catch(() => {})
  await systemctl('stop').catch(() => {})
}
