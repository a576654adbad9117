import { Option } from 'commander'
import type { RunPlan } from '../manifest.ts'
import { isOwnAddress, type Subject } from '../subject.ts'
import type { RawFlags } from './raw-flags.ts'

/** What is tested, where it is not the stand-in, and what it is tested with. */
export const subjectOptions = (): Option[] => [
  new Option('--datastorage-image <image>', 'test this image instead of the stand-in (Docker or Podman)'),
  new Option(
    '--datastorage-env <K=V...>',
    'a variable for that image; its value may hold {postgres.url}, {redis.url} … (repeatable)',
  ),
  new Option('--datastorage-port <n>', 'the port it listens on (default: 8080)'),
  new Option('--datastorage-mount <host:path...>', 'a file or folder for it; :ro at the end: read-only (repeatable)'),
  new Option('--datastorage-ready-path <path>', 'GET answers 2xx once it is ready (default: /health)'),
  new Option(
    '--datastorage-schema <what>',
    'its tables: none (its own doing; the default), stand-in, or a folder of SQL files',
  ),
  new Option(
    '--knob-env <knob=VARIABLE...>',
    'the variable of that image that a knob sets: pool, memory, cpus (repeatable)',
  ),
  new Option('--postgres-image <image>', 'instead of postgres:16-alpine'),
  new Option('--redis-image <image>', 'instead of redis:7-alpine'),
  new Option('--restart <policy>', 'what the engine does after the service died: no (the default), on-failure'),
  new Option('--target <url>', 'load a service that already runs: nothing is started or limited'),
  new Option('--i-own <host>', 'that target is yours to load, though its address is no loopback or private one'),
]

const mappable = ['pool', 'memory', 'cpus'] as const
/** Behaviours of the stand-in, which no other service has. */
const standInOnly = ['profile', 'fault', 'max-backlog', 'abandoned', 'insert', 'acquire-timeout'] as const
/** What an image may need to be told, whose name is given otherwise. */
export const imageOptions = (): Option[] => subjectOptions().filter((option) => ofImage.includes(option.name()))
const ofImage = ['env', 'port', 'mount', 'ready-path', 'schema'].map((name) => `datastorage-${name}`)
const ofEngine = ['datastorage-image', 'postgres-image', 'redis-image', 'restart'] as const

/** Why a knob cannot be turned on what is tested. `null`: it can. */
export function notAvailableFor(subject: Subject, flag: string): string | null {
  if (subject.kind === 'stand-in') return null
  if (standInOnly.some((one) => one === flag)) return `--${flag} is the stand-in's alone`
  if (flag === 'pool' && subject.kind === 'image' && subject.knobs.pool === undefined) return poolNotMapped
  return null
}

const poolNotMapped = '--pool: not available for this image; --knob-env pool=VARIABLE names the variable that sets it'

/** Flags that were given and that no other runtime than an engine takes. */
export function engineFlags(flags: RawFlags): string[] {
  return ofEngine.filter((flag) => flags[flag] !== undefined && flags[flag] !== 'no')
}

export interface ChosenSubject {
  readonly runtime: RunPlan['runtime']
  readonly subject: Subject | undefined
  readonly subjectEnv: RunPlan['subjectEnv']
  readonly images: RunPlan['images']
  readonly restart: 'no' | 'on-failure'
  /** The flags as they are to be repeated, without what may be secret. */
  readonly given: readonly string[]
}

/** Reads the flags that say what is tested. Whatever is wrong is added to the problems. */
export function chooseSubject(
  flags: RawFlags,
  runtime: RunPlan['runtime'] | undefined,
  problems: string[],
): ChosenSubject {
  const has = (flag: string) => flags[flag] !== undefined
  const image = flags['datastorage-image']
  const { target, restart = 'no' } = flags
  if (restart !== 'no' && restart !== 'on-failure') problems.push(`--restart ${restart}: takes no or on-failure`)
  for (const flag of image === undefined ? [...ofImage, 'knob-env'].filter(has) : []) {
    // A target is ready in its own way, too.
    if (flag === 'datastorage-ready-path' && target !== undefined) continue
    problems.push(`--${flag}: goes with --datastorage-image`)
  }
  if (target === undefined && has('i-own')) problems.push('--i-own: goes with --target')
  if (runtime === 'embedded') {
    for (const flag of ofEngine.filter(has))
      problems.push(`--${flag}: needs a container engine, not --runtime embedded`)
  }
  // A way to limit is one for processes of our own; an engine has its own.
  if (runtime === 'auto' && (flags.limiter ?? 'auto') !== 'auto') {
    for (const flag of ofEngine.filter(has)) problems.push(`--${flag}: needs a container engine, not a --limiter`)
  }
  const isForeign = image !== undefined || target !== undefined
  for (const flag of standInOnly.filter((one) => isForeign && has(one))) {
    problems.push(
      `--${flag}: is the stand-in's alone; not available for ${image === undefined ? 'a target' : 'an image'}`,
    )
  }
  const base = {
    images: has('postgres-image') || has('redis-image') ? imagesOf(flags) : undefined,
    restart: restart === 'on-failure' ? ('on-failure' as const) : ('no' as const),
    given: repeatedFlags(flags),
  }
  if (target !== undefined) {
    return {
      ...base,
      runtime: 'target',
      subject: chooseTarget(target, flags, runtime, problems),
      subjectEnv: undefined,
    }
  }
  const { subject, subjectEnv } = image === undefined ? {} : chooseImage(image, flags, problems)
  return { ...base, runtime: runtime ?? 'auto', subject, subjectEnv }
}

function imagesOf(flags: RawFlags): RunPlan['images'] {
  return { postgres: flags['postgres-image'], redis: flags['redis-image'] }
}

function chooseImage(image: string, flags: RawFlags, problems: string[]) {
  const portText = flags['datastorage-port'] ?? '8080'
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0
  if (port < 1 || port > 65_535) problems.push(`--datastorage-port ${portText}: takes a port from 1 to 65535`)
  const readyPath = readyPathOf(flags, problems)
  const env = pairsOf('datastorage-env', flags, problems)
  const knobs = pairsOf('knob-env', flags, problems)
  for (const knob of Object.keys(knobs).filter((name) => !mappable.some((known) => known === name))) {
    problems.push(`--knob-env ${knob}: takes one of: ${mappable.join(', ')}`)
  }
  if (flags.pool !== undefined && knobs.pool === undefined) {
    problems.push(poolNotMapped)
  }
  const schema = flags['datastorage-schema'] ?? 'none'
  const subject: Subject = {
    kind: 'image',
    image,
    port,
    readyPath,
    env: Object.keys(env),
    mounts: (flags['datastorage-mount'] ?? '').split('\n').filter(Boolean),
    schema: schema === 'none' ? null : schema,
    knobs,
  }
  return { subject, subjectEnv: env }
}

function chooseTarget(
  text: string,
  flags: RawFlags,
  runtime: RunPlan['runtime'] | undefined,
  problems: string[],
): Subject {
  const startsNothing = 'is not for a --target: nothing of it is started or limited'
  const barred = [...ofEngine, 'memory', 'cpus', 'pool', 'memory-scope', 'limiter'].filter((flag) => flags[flag])
  for (const flag of barred) problems.push(`--${flag}: ${startsNothing}`)
  if (flags.runtime !== undefined && runtime !== 'auto') problems.push(`--runtime ${runtime}: ${startsNothing}`)
  const readyPath = readyPathOf(flags, problems)
  const owned = flags['i-own']
  const url = URL.parse(text)
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search || url.username) {
    problems.push(`--target ${text}: takes a URL such as http://127.0.0.1:8080, without a path or password`)
    return { kind: 'target', url: text, readyPath }
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isAddress = /^[\d.]+$/.test(host) || host.includes(':')
  if (owned !== undefined && owned !== host) problems.push(`--i-own ${owned}: the target's host is ${host}`)
  // What a name stands for is looked up when the run starts.
  if (isAddress && owned === undefined && !isOwnAddress(host)) {
    problems.push(`--target ${text}: is no loopback or private address; --i-own ${host} says that it is yours to load`)
  }
  return { kind: 'target', url: url.origin, readyPath, ...(owned !== undefined && { owned: true }) }
}

function readyPathOf(flags: RawFlags, problems: string[]): string {
  const path = flags['datastorage-ready-path'] ?? '/health'
  if (!path.startsWith('/')) problems.push(`--datastorage-ready-path ${path}: begins with /`)
  return path
}

export function pairsOf(flag: string, flags: RawFlags, problems: string[]): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (const text of (flags[flag] ?? '').split('\n').filter(Boolean)) {
    const [, name, value] = /^([A-Za-z_][\w.-]*)=(.*)$/s.exec(text) ?? []
    if (name === undefined || value === undefined) problems.push(`--${flag} ${text.split('=')[0]}: takes NAME=VALUE`)
    else if (pairs[name] !== undefined) problems.push(`--${flag} ${name}: is given twice`)
    else pairs[name] = value
  }
  return pairs
}

/** Values of an image's variables may be secrets: who repeats the run puts them in again. */
export function withoutSecrets(flag: string, value: string): string {
  return flag === 'datastorage-env' ? value.replace(/=.*$/s, '=…') : value
}

function repeatedFlags(flags: RawFlags): string[] {
  return subjectOptions().flatMap((option) => {
    const name = option.name()
    return (flags[name] ?? '')
      .split('\n')
      .filter(Boolean)
      .map((value) => `--${name} ${withoutSecrets(name, value)}`)
  })
}
