import { lookup } from 'node:dns/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { InputError, messageOf, StackError } from '../../harness/errors.ts'
import type { Stack } from '../../harness/stack.ts'
import { isOwnAddress } from '../../harness/subject.ts'
import type { StackOptions } from '../stack-options.ts'

const readyWithinMs = 10_000
const lookEveryMs = 200

/**
 * A service that runs already: nothing is started, stopped or limited, and what its own machine alone could see (its
 * process, memory, CPU, database) is not measured.
 *
 * @throws InputError when its name resolves to an address that is not the user's own; StackError when it does not answer
 */
export async function startTarget({ subject, onProgress }: StackOptions, signal: AbortSignal): Promise<Stack> {
  if (subject?.kind !== 'target') throw new InputError(['--runtime target: name the service with --target'])
  const { hostname, origin } = new URL(subject.url)
  if (!subject.owned) await refuseForeign(hostname)
  onProgress?.(`waiting for ${origin}${subject.readyPath}`)
  await untilReady(`${origin}${subject.readyPath}`, signal)
  return {
    runtime: 'target',
    versions: {},
    datastorage: {
      baseUrl: origin,
      pid: null,
      limits: null,
      counters: null,
      exited: new Promise(() => {}),
      onStderr: () => {},
    },
    postgres: null,
    redis: null,
    async [Symbol.asyncDispose]() {},
  }
}

/** A load test of somebody else's service is an attack: a name may point anywhere. */
async function refuseForeign(hostname: string): Promise<void> {
  const found = await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true }).catch((cause: unknown) => {
    throw new StackError(`${hostname} cannot be looked up: ${messageOf(cause)}`, { cause, hint: 'check --target' })
  })
  const foreign = found.find(({ address }) => !isOwnAddress(address))
  if (foreign) {
    throw new InputError([
      `--target: ${hostname} is ${foreign.address}, which is no loopback or private address: --i-own ${hostname} says that it is yours to load`,
    ])
  }
}

async function untilReady(url: string, signal: AbortSignal): Promise<void> {
  const late = AbortSignal.timeout(readyWithinMs)
  const either = AbortSignal.any([signal, late])
  let why = ''
  while (!either.aborted) {
    try {
      const { statusCode, body } = await request(url, { signal: either, reset: true })
      await body.dump()
      if (statusCode >= 200 && statusCode < 300) return
      why = `status ${statusCode}`
    } catch (error) {
      if (!either.aborted) why = messageOf(error)
    }
    await delay(lookEveryMs, undefined, { signal: either }).catch(() => {})
  }
  signal.throwIfAborted()
  throw new StackError(`${url} was not ready after ${readyWithinMs} ms: ${why || 'no answer'}`, {
    hint: 'start the service, or name another path with --datastorage-ready-path',
  })
}
