import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { isAlive, type Owner, ownerOf } from './owner.ts'

const root = resolve(import.meta.dirname, '..')

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command of ours as a user starts it, through npm. `saw` resolves when its stderr has had this text. */
export function start(...args: string[]): {
  child: ChildProcess
  ended: Promise<Ended>
  saw: (text: string) => Promise<void>
} {
  // A group of its own, as a terminal gives a command: a signal to the group reaches npm, its shell and us.
  const child = spawn('npm', ['run', '-s', ...args], {
    cwd: root,
    detached: true,
    env: { ...process.env, NO_COLOR: '1' },
  })
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (data) => {
    text.stdout += data
  })
  child.stderr.on('data', (data) => {
    text.stderr += data
  })
  const closed = once(child, 'close')
  return {
    child,
    ended: closed.then(([code]) => ({ code, ...text })),
    async saw(wanted) {
      const hasSaid = () => text.stderr.includes(wanted)
      const ended = closed.then(() => hasSaid() || Promise.reject(new Error(`it ended without saying ${wanted}`)))
      while (!hasSaid()) await Promise.race([once(child.stderr, 'data'), ended])
    },
  }
}

/** Asks, from now on, what our runs have left outside their records: temporary folders and control groups. */
export async function newLeftovers(): Promise<() => Promise<string[]>> {
  const before = await ownedNames()
  return async () => (await ownedNames()).filter((name) => !before.includes(name) && !isAlive(ownerOf(name) as Owner))
}

/** Of any run on this machine, by anybody. */
async function ownedNames(): Promise<string[]> {
  const places = [tmpdir(), '/sys/fs/cgroup/memory', '/sys/fs/cgroup/cpu']
  const names = await Promise.all(places.map((place) => readdir(place).catch(() => [] as string[])))
  return names.flat().filter((name) => ownerOf(name) !== null)
}
