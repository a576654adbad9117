import type { HostConfig } from 'dockerode'
import { type GenericContainer, getContainerRuntimeClient, type WaitStrategy } from 'testcontainers'
import { StackError } from '../../harness/errors.ts'
import type { ContainerEngine } from '../engines.ts'

let boundTo: string | undefined

/**
 * Points Testcontainers at this engine. The library looks for its engine once and keeps it, so a process has one engine.
 * Without its reaper, which is an image of a registry: what we start carries our own label, and is removed by it.
 */
export async function bindTestcontainers({ name, host }: ContainerEngine): Promise<void> {
  if (boundTo !== undefined && boundTo !== host) {
    throw new StackError(`this process has used the container engine at ${boundTo} and cannot use ${name} as well`, {
      hint: 'run the two one after the other',
    })
  }
  boundTo = host
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'
  // Ports are published on this machine. Inside a container the library would start another one to find out where that is.
  if (host.startsWith('unix://')) process.env.TESTCONTAINERS_HOST_OVERRIDE = '127.0.0.1'
  const ofUser = process.env.DOCKER_HOST
  process.env.DOCKER_HOST = host
  try {
    await getContainerRuntimeClient()
  } finally {
    // It also says where we look for engines, and that is the user's to say.
    if (ofUser === undefined) delete process.env.DOCKER_HOST
    else process.env.DOCKER_HOST = ofUser
  }
}

/** Sets what the library has no method for: swap, restart policy, the parent group, an address to publish on. */
export function configure(container: GenericContainer, change: HostConfig): void {
  Object.assign((container as unknown as { hostConfig: HostConfig }).hostConfig, change)
}

/** A wait that is over when `ready` is. The library's own poll once a second, or cannot be aborted. */
export function waitUntil(ready: () => Promise<void>): WaitStrategy {
  const strategy: WaitStrategy = {
    waitUntilReady: ready,
    withStartupTimeout: () => strategy,
    isStartupTimeoutSet: () => true,
    getStartupTimeout: () => 0,
  }
  return strategy
}
