import { createEventLedger } from '../event-ledger.ts'
import { type Evidence, readSamples, readStored } from '../evidence.ts'
import { isLoadWrite, openRangesOf } from '../measure.ts'
import type { Attempt, ClientSummary, Drop, SampleLine, StoredLine } from '../sample.ts'
import type { Accounting, Recovery } from '../verdict.ts'

const was = { attempted: 1, acknowledged: 2, dropped: 4, accepted: 8, queued: 16, stored: 32, twice: 64 } as const

/** Of an acknowledgement that promises less than storage: a queue has the event. */
const acceptedStatus = 202

/** What became of each event of the load, from the evidence of a run. */
export function accounting({ attempts, drops, clients, stored, queued }: Evidence): Accounting {
  const account = openAccount()
  for (const line of attempts) account.sent(line)
  for (const line of drops) account.sent(line)
  for (const line of clients) account.sent(line)
  for (const [client, copies] of stored ?? []) account.found({ kind: 'stored', client, copies })
  for (const [client, events] of queued ?? []) account.found({ kind: 'queued', client, events })
  return account.close({ isStoredRead: stored !== null, isQueueRead: queued !== null })
}

/** What a second look found, after the service had been started again. `null`: there was none. */
export function recovery(evidence: Evidence): Recovery | null {
  const { recovered, stored: before } = evidence
  if (!recovered?.stored || !recovered.queued) return null
  const { event, stored, queued } = recovered
  const now = accounting({ ...evidence, stored, queued })
  let cameBack = 0
  for (const [client, copies] of stored) {
    for (const [index, found] of copies.entries()) {
      if (client !== 'warm-up' && found > 0 && (before?.get(client)?.[index] ?? 0) === 0) cameBack++
    }
  }
  const { wasStarted, readyMs, queuedBefore, drainMs } = event
  return {
    wasStarted,
    readyMs,
    queuedBefore,
    drainMs,
    cameBack: before && cameBack,
    stored: now.stored,
    lost: now.lost ?? null,
    acknowledgedAndLost: now.acknowledgedAndLost,
    inDeadLetterQueue: now.inDeadLetterQueue,
    storedMoreThanOnce: now.storedMoreThanOnce,
  }
}

/**
 * The same from the record itself, a line at a time: of a million events, a byte each is all that is kept.
 *
 * @throws InputError when a line is none of the record's
 */
export async function accountRecord(runDir: string): Promise<Accounting> {
  const account = openAccount()
  await readSamples(runDir, account.sent)
  const ends = new Set<StoredLine['kind']>()
  await readStored(runDir, (line) => {
    if (line.kind === 'stored' || line.kind === 'queued') account.found(line)
    else if (line.kind === 'stored-end' || line.kind === 'queued-end') ends.add(line.kind)
  })
  return account.close({ isStoredRead: ends.has('stored-end'), isQueueRead: ends.has('queued-end') })
}

type Found =
  | { readonly kind: 'stored'; readonly client: string; readonly copies: readonly number[] }
  | { readonly kind: 'queued'; readonly client: string; readonly events: readonly number[] }

/** Takes what was sent, then what was found of it in the end. */
function openAccount() {
  const ledger = createEventLedger()
  let droppedWithoutNumber = 0
  let buffered = 0

  const attempted = (attempt: Attempt) => {
    if (!isLoadWrite(attempt)) return
    const isOk = attempt.outcome === 'ok'
    const isAccepted = attempt.status === acceptedStatus
    ledger.mark(attempt, was.attempted | (isOk ? was.acknowledged : 0) | (isAccepted ? was.accepted : 0))
  }
  const dropped = ({ client, firstEvent, events }: Drop) => {
    if (client === 'warm-up') return
    if (firstEvent === null) droppedWithoutNumber += events
    else ledger.mark({ client, firstEvent, events }, was.dropped)
  }
  const ended = (summary: ClientSummary) => {
    if (summary.client === 'warm-up') return
    buffered += summary.emitted
    for (const range of openRangesOf(summary)) ledger.mark(range, was.attempted)
  }
  return {
    sent(line: SampleLine) {
      if (line.kind === 'attempt') attempted(line)
      else if (line.kind === 'drop') dropped(line)
      else ended(line)
    },
    /** Only of events that are known: others' are nobody's business here, such as the warm-up's own. */
    found(line: Found) {
      if (line.kind === 'queued') {
        for (const event of line.events) ledger.markIfKnown(line.client, event, was.queued)
        return
      }
      for (const [event, copies] of line.copies.entries()) {
        if (copies > 0) ledger.markIfKnown(line.client, event, was.stored | (copies > 1 ? was.twice : 0))
      }
    },
    close: (reading: Reading) => sumUp(ledger, { droppedWithoutNumber, buffered, ...reading }),
  }
}

interface Reading {
  readonly isStoredRead: boolean
  readonly isQueueRead: boolean
}

/**
 * The sums balance:
 * emitted = attempted + dropped without an attempt + neverAttempted, and
 * attempted = acknowledged + dropped after an attempt + stored but neither + unknown.
 */
function sumUp(
  ledger: ReturnType<typeof createEventLedger>,
  {
    droppedWithoutNumber,
    buffered,
    isStoredRead,
    isQueueRead,
  }: Reading & { readonly droppedWithoutNumber: number; readonly buffered: number },
): Accounting {
  const counts = { unacknowledged: 0, missing: 0, accepted: 0, waiting: 0, unknown: 0 }
  ledger.forEach((marks) => {
    const isAcknowledged = (marks & was.acknowledged) > 0
    if ((marks & was.stored) > 0) {
      if (!isAcknowledged) counts.unacknowledged++
    } else if (isAcknowledged) {
      counts.missing++
      if ((marks & was.accepted) > 0) counts.accepted++
      if ((marks & was.queued) > 0) counts.waiting++
    } else if ((marks & was.dropped) === 0) counts.unknown++
  })
  const numbered = ledger.count(was.attempted | was.dropped)
  // A run whose end was lost has no summaries: then what was sent is all that is known to have been emitted.
  const emitted = Math.max(buffered, numbered) + droppedWithoutNumber
  const ifRead = (count: number) => (isStoredRead ? count : null)
  return {
    emitted,
    attempted: ledger.count(was.attempted),
    acknowledged: ledger.count(was.acknowledged),
    stored: ifRead(ledger.count(was.stored)),
    ...whereMissingAre(counts, { isStoredRead, isQueueRead }),
    lost: isStoredRead && isQueueRead ? emitted - ledger.count(was.stored | was.queued) : null,
    storedUnacknowledged: ifRead(counts.unacknowledged),
    storedMoreThanOnce: ifRead(ledger.count(was.twice)),
    droppedByClient: ledger.count(was.dropped) + droppedWithoutNumber,
    neverAttempted: emitted - droppedWithoutNumber - numbered,
    unknown: counts.unknown,
  }
}

/**
 * Acknowledged events that are not in the database: the dead-letter queue has them, or nobody. Where the queue was not read,
 * those that were accepted for it may be in either place.
 */
function whereMissingAre(
  { missing, accepted, waiting }: Readonly<Record<'missing' | 'accepted' | 'waiting', number>>,
  { isStoredRead, isQueueRead }: Reading,
): Pick<Accounting, 'acknowledgedAndLost' | 'inDeadLetterQueue'> {
  if (!isStoredRead) return { acknowledgedAndLost: null, inDeadLetterQueue: null }
  if (!isQueueRead) return { acknowledgedAndLost: accepted === 0 ? missing : null, inDeadLetterQueue: null }
  return { acknowledgedAndLost: missing - waiting, inDeadLetterQueue: waiting }
}
