import { InputError, messageOf, StackError } from '../harness/errors.ts'
import type { Stack } from '../harness/stack.ts'
import { checkSharedLimit, startContainers } from './docker/docker.ts'
import { findImages } from './docker/images.ts'
import { checkSubject } from './docker/subject.ts'
import { startEmbedded } from './embedded/embedded.ts'
import { type EngineName, findEngine } from './engines.ts'
import type { StackOptions } from './stack-options.ts'
import { startTarget } from './target/target.ts'

type Start = (options: StackOptions, signal: AbortSignal) => Promise<Stack>

/** One function for each way to run the stack; all return the same kind of stack. */
const runtimes: Readonly<Record<StackOptions['runtime'], Start>> = {
  auto: startWhatWorks,
  embedded: startOwnProcesses,
  docker: startIn('docker'),
  podman: startIn('podman'),
  target: startTarget,
}

function startIn(name: EngineName): Start {
  return async (options, signal) => {
    if (options.limiter !== undefined && options.limiter !== 'auto' && options.limits.memoryScope !== 'stack') {
      throw new InputError([`--limiter ${options.limiter}: ${name} limits its containers itself`])
    }
    return startContainers(await findEngine(name, signal), options, signal)
  }
}

async function startOwnProcesses(options: StackOptions, signal: AbortSignal): Promise<Stack> {
  if (options.subject?.kind === 'image') {
    throw new InputError(['an image needs a container engine: --runtime docker or podman'])
  }
  return startEmbedded(options, signal)
}

/**
 * A container engine where one answers and has the images or can get them; else processes of our own, and why. An engine
 * that then fails to start the stack is an error: what was measured must not depend on that.
 */
async function startWhatWorks(options: StackOptions, signal: AbortSignal): Promise<Stack> {
  if (options.serviceEntry || (options.limiter ?? 'auto') !== 'auto') return startOwnProcesses(options, signal)
  const needsEngine = options.subject?.kind === 'image' || options.service.restart === 'on-failure'
  const found = await findEngine('auto', signal)
    .then(async (engine) => {
      if (options.limits.memoryScope === 'stack') await checkSharedLimit(engine)
      return { engine, images: await findImages(engine, options, signal) }
    })
    .catch((error: unknown) => {
      signal.throwIfAborted()
      if (needsEngine || !(error instanceof StackError)) throw error
      options.onProgress?.(`running without a container engine: ${messageOf(error)}`)
      return null
    })
  if (found === null) return startEmbedded(options, signal)
  options.onProgress?.(`running in ${found.engine.name} ${found.engine.version}`)
  return startContainers(found.engine, options, signal, found.images)
}

/**
 * Starts PostgreSQL, Redis and the service. All are ready when this returns; otherwise an InputError before anything
 * starts, a StackError, or the signal's reason after an abort, and what had been started is stopped.
 */
export async function startStack(options: StackOptions, signal: AbortSignal): Promise<Stack> {
  await checkSubject(options)
  return runtimes[options.runtime](options, signal)
}
