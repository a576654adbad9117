/** Situations that several tests share, drawn with evidence.fixture.ts. */

import { evidence } from './evidence.fixture.ts'
import type { Evidence } from './evidence.ts'
import { type Picture, times } from './picture.fixture.ts'

/** Client names must not end in a digit: a request's event number follows them. */
export const client = (index: number) => `rr-${index}r`

/** 45 of 100 first events are answered in time; the others are sent again and again, until the death at +30 s. */
const stormRequests = [
  ...times(45, (index) => `${client(index)}0 ${index * 2}..${(index + 1) * 110} ok`),
  ...times(55, (index) => 45 + index).flatMap((index) => [
    `${client(index)}0 ${index * 2}..${5_000 + index * 2} timeout`,
    `${client(index)}0 ${6_000 + index * 2}..${11_000 + index * 2} timeout`,
    `${client(index)}0 ${15_000 + index * 2}..${20_000 + index * 2} timeout`,
    `${client(index)}1 ${21_000 + index * 2}..${26_000 + index * 2} timeout`,
    `${client(index)}1 ${27_000 + index * 2}..30000 reset`,
  ]),
]
/** It grows, and swings as retries come in waves. */
const stormPending = times(30, (second) => 80 + second * 3 + Math.round(12 * Math.sin(second)))

/** The incident: a starved CPU, a retry storm, an OOM kill at +30 s. */
export const stormPicture: Picture = {
  memory: times(31, (second) => (second === 30 ? 1 : (60 + (stormPending[second] ?? 0) * 11) / 2048)),
  oomKills: [...times(30, () => 0), 1],
  throttled: times(31, () => 0.97),
  cpu: times(31, () => 0.98),
  pending: stormPending,
  written: times(30, (second) => second * 9),
  inProgress: stormPending,
  awaiting: times(30, (second) => (second < 6 ? (stormPending[second] ?? 0) : 50)),
  poolInUse: times(30, () => 2),
  poolWaiting: times(30, () => 0),
  rows: times(36, (second) => Math.min(second, 30) * 9),
  active: times(36, () => 1),
  idleInTransaction: times(36, () => 1),
  requests: stormRequests,
  exit: { t: 30_000, signal: 'SIGKILL' },
  stored: new Map(
    times(100, (index) => [client(index), [index < 45 ? 1 : index < 80 ? 2 : 0, index % 3 === 0 ? 1 : 0]]),
  ),
}

export function stormCrash(changed: Partial<Picture> = {}): Evidence {
  return evidence({ ...stormPicture, ...changed })
}

/** Every request is answered within 20 ms, nothing is at any limit. */
export const healthyPicture: Picture = {
  memory: '▁▁▁▁▁▁▁▁▁',
  oomKills: '000000000',
  throttled: times(9, () => 0),
  cpu: times(9, () => 0.05),
  pending: '000000000',
  written: times(9, (second) => (second === 0 ? 0 : 30)),
  inProgress: '000000000',
  awaiting: '000000000',
  poolInUse: '020000000',
  poolWaiting: '000000000',
  rows: times(9, (second) => (second === 0 ? 0 : 30)),
  active: '010000000',
  deadlocks: '000000000',
  requests: times(30, (index) => `${client(index)}0 ${index * 10}..${index * 10 + 20} ok`),
  stored: new Map(times(30, (index) => [client(index), [1]])),
}

export function healthy(changed: Partial<Picture> = {}): Evidence {
  return evidence({ ...healthyPicture, ...changed })
}
