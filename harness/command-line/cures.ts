import type { ClientOptions, ServiceOptions } from '../scenario.ts'
import { parseDuration } from '../units.ts'
import { type Knob, wholeNumber } from './knob.ts'

const maxAttempts = 20
const maxBacklog = 100_000
/** Below this, the way there and back is a matter of luck. */
const shortestTimeoutMs = 100

type Chosen<T> = { readonly set: Partial<T> } | { readonly problem: string }

/** A knob of the audit client. */
function ofClient(knob: Omit<Knob, 'apply'>, read: (text: string) => Chosen<ClientOptions>): Knob {
  return {
    ...knob,
    apply(scenario, text) {
      const chosen = read(text)
      if ('problem' in chosen) return chosen
      return { scenario: { ...scenario, client: { ...scenario.client, ...chosen.set } } }
    },
  }
}

/** A knob of the stand-in. An undefined value takes the setting out: the scenario is then as if it had never been there. */
function ofStandIn(
  knob: Omit<Knob, 'apply' | 'isTruth' | 'isNotModelled'>,
  read: (text: string) => Chosen<ServiceOptions>,
): Knob {
  return {
    ...knob,
    isTruth: true,
    isNotModelled: true,
    apply(scenario, text) {
      const chosen = read(text)
      if ('problem' in chosen) return chosen
      const all = Object.entries({ ...scenario.service, ...chosen.set }).filter(([, value]) => value !== undefined)
      return { scenario: { ...scenario, service: Object.fromEntries(all) as unknown as ServiceOptions } }
    },
  }
}

const oneOf = (names: readonly string[]) => ({ problem: `takes one of: ${names.join(', ')}` })

/** What may cure a service that takes too much upon itself, on either side of the wire. */
export const cures: readonly Knob[] = [
  ofClient(
    { flag: 'attempts', value: '<n>', description: 'how often the client sends a batch, at most (real client: 3)' },
    (text) => {
      const attempts = wholeNumber(text, 1, maxAttempts)
      return attempts === null ? { problem: `takes a whole number from 1 to ${maxAttempts}` } : { set: { attempts } }
    },
  ),
  ofClient(
    {
      flag: 'client-timeout',
      value: '<time>',
      description: 'how long the client waits for an answer before it gives up, such as 2s (real client: 5s)',
    },
    (text) => {
      const timeoutMs = parseDuration(text)
      return timeoutMs === null || timeoutMs < shortestTimeoutMs
        ? { problem: `takes a time such as 2s, from ${shortestTimeoutMs} ms on` }
        : { set: { timeoutMs } }
    },
  ),
  ofClient(
    {
      flag: 'retry-jitter',
      value: '<share>',
      description:
        'spread of the pauses before a retry, such as 0.5: drawn from half to one and a half times the pause',
      isNotModelled: true,
    },
    (text) => {
      const retryJitter = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
      return retryJitter <= 1 ? { set: { retryJitter } } : { problem: 'takes a share from 0 to 1, such as 0.5' }
    },
  ),
  ofClient(
    {
      flag: 'on-busy',
      value: '<what>',
      description: 'what the client does after a 429: drop the events (as the real one), or wait as Retry-After says',
      isNotModelled: true,
    },
    (text) => (text === 'drop' || text === 'wait' ? { set: { onBusy: text } } : oneOf(['drop', 'wait'])),
  ),
  ofClient(
    {
      flag: 'idempotency',
      value: '<on|off>',
      description: 'whether batches carry an Idempotency-Key, so that one sent again is not stored again',
      isNotModelled: true,
    },
    (text) =>
      text === 'on' || text === 'off' ? { set: { sendsIdempotencyKey: text === 'on' } } : oneOf(['on', 'off']),
  ),
  ofStandIn(
    {
      flag: 'max-backlog',
      value: '<n|off>',
      description: 'write requests in progress from which on DataStorage answers 429 with Retry-After',
    },
    (text) => {
      const bound = text === 'off' ? undefined : wholeNumber(text, 1, maxBacklog)
      if (bound === null) return { problem: `takes a whole number from 1 to ${maxBacklog}, or "off"` }
      return { set: { maxBacklog: bound } }
    },
  ),
  ofStandIn(
    {
      flag: 'abandoned',
      value: '<what>',
      description: 'writes whose client left before they were begun: work on them all the same, or drop them',
    },
    (text) => {
      if (text !== 'work' && text !== 'drop') return oneOf(['work', 'drop'])
      return { set: { abandoned: text === 'drop' ? text : undefined } }
    },
  ),
  ofStandIn(
    { flag: 'insert', value: '<how>', description: 'how DataStorage inserts a batch: row by row, or in bulk' },
    (text) => {
      if (text !== 'row' && text !== 'bulk') return oneOf(['row', 'bulk'])
      return { set: { insert: text === 'bulk' ? text : undefined } }
    },
  ),
  ofStandIn(
    {
      flag: 'acquire-timeout',
      value: '<time|off>',
      description: 'how long a request of DataStorage waits for a connection of its pool, such as 500ms',
    },
    (text) => {
      const acquireLimitMs = text === 'off' ? undefined : parseDuration(text)
      if (acquireLimitMs === null || (acquireLimitMs !== undefined && acquireLimitMs < 1)) {
        return { problem: 'takes a time such as 500ms, or "off"' }
      }
      return { set: { acquireLimitMs } }
    },
  ),
]
