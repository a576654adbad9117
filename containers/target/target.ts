import { lookup } from 'node:dns/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { z } from 'zod'
import { InputError, messageOf, StackError } from '../../harness/errors.ts'
import type { Stack } from '../../harness/stack.ts'
import { isOwnAddress } from '../../harness/subject.ts'
import type { StackOptions } from '../stack-options.ts'

const readyWithinMs = 10_000
const lookEveryMs = 200
/** The query of the audit API, which writes nothing. */
const eventsPath = '/api/v1/audit/events'
const listOfEvents = z.object({ data: z.array(z.unknown()).nullable() })

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
  const server = await untilReady(`${origin}${subject.readyPath}`, signal)
  await refuseOtherThanDatastorage(origin, signal)
  return {
    runtime: 'target',
    versions: server === null ? {} : { target: server },
    datastorage: {
      baseUrl: origin,
      healthPath: subject.readyPath,
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

/** A burst at something else would tell nothing, and harm it. */
async function refuseOtherThanDatastorage(origin: string, signal: AbortSignal): Promise<void> {
  const url = `${origin}${eventsPath}?limit=1`
  const either = AbortSignal.any([signal, AbortSignal.timeout(readyWithinMs)])
  const found = await request(url, { signal: either, reset: true })
    .then(async ({ statusCode, body }) => ({ statusCode, answer: await body.json().catch(() => null) }))
    .catch((cause: unknown) => {
      signal.throwIfAborted()
      throw new StackError(`${url} gave no answer: ${messageOf(cause)}`, { cause, hint: 'check --target' })
    })
  if (found.statusCode === 200 && listOfEvents.safeParse(found.answer).success) return
  throw new StackError(`${url} answered ${found.statusCode} and no list of events: this is no DataStorage`, {
    hint: 'check --target: the load is sent to what speaks the audit API alone',
  })
}

/** Resolves with what the service calls itself; null where it does not say. */
async function untilReady(url: string, signal: AbortSignal): Promise<string | null> {
  const late = AbortSignal.timeout(readyWithinMs)
  const either = AbortSignal.any([signal, late])
  let why = ''
  while (!either.aborted) {
    try {
      const { statusCode, headers, body } = await request(url, { signal: either, reset: true })
      await body.dump()
      if (statusCode >= 200 && statusCode < 300) return typeof headers.server === 'string' ? headers.server : null
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
