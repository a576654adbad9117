import { homedir } from 'node:os'
import { join } from 'node:path'
import Dockerode from 'dockerode'
import { messageOf, StackError } from '../harness/errors.ts'

export type EngineName = 'docker' | 'podman'

/** A container engine that answers. Podman answers to the same requests as Docker. */
export interface ContainerEngine {
  readonly name: EngineName
  readonly version: string
  /** As DOCKER_HOST takes it, such as `unix:///var/run/docker.sock`. */
  readonly host: string
  readonly api: Dockerode
}

const answerWithinMs = 5_000

/** What an engine's error says, without how it came: `(HTTP code 500) server error - `. */
export function saidByEngine(error: unknown): string {
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) [^-]*- /, '')
    .trim()
}

/**
 * Finds a container engine that answers: where DOCKER_HOST (for Podman also CONTAINER_HOST) points to, else on the usual
 * sockets of root and of this user. What answers says whether it is Docker or Podman; `auto` takes Docker before Podman.
 *
 * @throws StackError that names each address tried and what was wrong there
 */
export async function findEngine(name: EngineName | 'auto', signal?: AbortSignal): Promise<ContainerEngine> {
  const failures: string[] = []
  for (const host of addresses(name)) {
    try {
      const engine = await ask(host, signal)
      if (name === 'auto' || engine.name === name) return engine
      failures.push(`${host}: ${engine.name} answers there`)
    } catch (error) {
      signal?.throwIfAborted()
      failures.push(`${host}: ${reasonOf(error)}`)
    }
  }
  throw new StackError(`${name === 'auto' ? 'no container engine' : `no ${name}`} can be reached`, {
    logTail: failures,
    hint: hintFor(name, failures),
  })
}

function addresses(name: EngineName | 'auto'): string[] {
  const { DOCKER_HOST, CONTAINER_HOST, XDG_RUNTIME_DIR } = process.env
  // Whoever sets it means that engine and no other, as with Docker's own tools.
  if (DOCKER_HOST && name !== 'podman') return [DOCKER_HOST]
  const ofUser = (path: string) => (XDG_RUNTIME_DIR ? [`unix://${join(XDG_RUNTIME_DIR, path)}`] : [])
  const docker = [
    'unix:///var/run/docker.sock',
    ...ofUser('docker.sock'),
    `unix://${join(homedir(), '.docker/run/docker.sock')}`,
    `unix://${join(homedir(), '.docker/desktop/docker.sock')}`,
  ]
  const podman = [
    ...[DOCKER_HOST ?? '', CONTAINER_HOST ?? ''].filter((host) => host !== ''),
    ...ofUser('podman/podman.sock'),
    'unix:///run/podman/podman.sock',
  ]
  return { docker, podman, auto: [...docker, ...podman] }[name]
}

async function ask(host: string, signal?: AbortSignal): Promise<ContainerEngine> {
  const api = connect(host)
  const limits = [AbortSignal.timeout(answerWithinMs), ...(signal ? [signal] : [])]
  const options = { abortSignal: AbortSignal.any(limits) }
  // The library takes options here; its types do not know that yet.
  const answer = await (api.version as (given: typeof options) => Promise<Dockerode.DockerVersion>).call(api, options)
  const podman = answer.Components?.find((component) => component.Name === 'Podman Engine')
  return podman
    ? { name: 'podman', version: podman.Version, host, api }
    : { name: 'docker', version: answer.Version, host, api }
}

function connect(host: string): Dockerode {
  // `host` is given as undefined, because the library would prefer DOCKER_HOST to a socket's path.
  if (host.startsWith('unix://')) return new Dockerode({ host: undefined, socketPath: host.slice('unix://'.length) })
  if (host === process.env.DOCKER_HOST) return new Dockerode()
  const { hostname, port } = new URL(host)
  return new Dockerode({ protocol: 'http', host: hostname, port })
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  EACCES: 'this user may not open it',
  ECONNREFUSED: 'nobody listens there',
  ABORT_ERR: `no answer within ${answerWithinMs / 1_000} s`,
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return reasons[code] ?? messageOf(error)
}

function hintFor(name: EngineName | 'auto', failures: readonly string[]): string {
  const forbidden = failures.find((failure) => failure.endsWith(reasons.EACCES ?? ''))
  if (forbidden?.includes('docker.sock')) {
    return 'add yourself to the group docker (`sudo usermod -aG docker $USER`, then log in again), or run it as root'
  }
  if (process.env.DOCKER_HOST && name !== 'podman') {
    return 'start what DOCKER_HOST names, or unset it, and the usual sockets are tried'
  }
  const start = {
    docker: '`systemctl start docker`, or point DOCKER_HOST to it',
    podman: '`systemctl --user start podman.socket`, or point CONTAINER_HOST to it',
  }
  return `start it: ${name === 'auto' ? `Docker: ${start.docker}; Podman: ${start.podman}` : start[name]}`
}
