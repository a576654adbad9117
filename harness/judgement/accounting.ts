import { createEventLedger } from '../event-ledger.ts'
import type { Evidence } from '../evidence.ts'
import { isLoadWrite, loadClients, openRanges } from '../measure.ts'
import type { Accounting } from '../verdict.ts'

const was = { attempted: 1, acknowledged: 2, dropped: 4, accepted: 8, queued: 16 } as const

/** Of an acknowledgement that promises less than storage: a queue has the event. */
const acceptedStatus = 202

/**
 * What became of each event of the load. The sums balance:
 * emitted = attempted + dropped without an attempt + neverAttempted, and
 * attempted = acknowledged + dropped after an attempt + stored but neither + unknown.
 */
export function accounting(evidence: Evidence): Accounting {
  const { stored, queued } = evidence
  const attempts = evidence.attempts.filter(isLoadWrite)
  const open = openRanges(evidence)
  const drops = evidence.drops.filter(({ client }) => client !== 'warm-up')
  const given = drops.flatMap(({ client, firstEvent, events }) =>
    firstEvent === null ? [] : [{ client, firstEvent, events }],
  )
  const droppedWithoutNumber = drops.reduce((sum, drop) => sum + (drop.firstEvent === null ? drop.events : 0), 0)

  const ledger = createEventLedger([...attempts, ...open, ...given])
  for (const attempt of attempts) {
    const isOk = attempt.outcome === 'ok'
    const isAccepted = attempt.status === acceptedStatus
    ledger.mark(attempt, was.attempted | (isOk ? was.acknowledged : 0) | (isAccepted ? was.accepted : 0))
  }
  for (const range of open) ledger.mark(range, was.attempted)
  for (const range of given) ledger.mark(range, was.dropped)
  const numbered = ledger.count(was.attempted | was.dropped)
  // Only of events that are known: others' are nobody's business here, such as the warm-up's own.
  for (const [client, events] of queued ?? []) {
    for (const event of events) {
      if (ledger.marksOf(client, event) > 0) ledger.mark({ client, firstEvent: event, events: 1 }, was.queued)
    }
  }

  const counts = {
    inDatabase: 0,
    unacknowledged: 0,
    twice: 0,
    missing: 0,
    accepted: 0,
    waiting: 0,
    kept: 0,
    unknown: 0,
  }
  ledger.forEach((marks, client, event) => {
    const copies = stored?.get(client)?.[event] ?? 0
    const isAcknowledged = (marks & was.acknowledged) > 0
    if (copies > 0) {
      counts.inDatabase++
      if (!isAcknowledged) counts.unacknowledged++
      if (copies > 1) counts.twice++
    } else if (isAcknowledged) {
      counts.missing++
      if ((marks & was.accepted) > 0) counts.accepted++
      if ((marks & was.queued) > 0) counts.waiting++
    } else if ((marks & was.dropped) === 0) counts.unknown++
    if (copies > 0 || (marks & was.queued) > 0) counts.kept++
  })

  const buffered = loadClients(evidence).reduce((sum, client) => sum + client.emitted, 0)
  // A run whose end was lost has no summaries: then what was sent is all that is known to have been emitted.
  const emitted = Math.max(buffered, numbered) + droppedWithoutNumber
  const ifRead = (count: number) => (stored ? count : null)
  return {
    emitted,
    attempted: ledger.count(was.attempted),
    acknowledged: ledger.count(was.acknowledged),
    stored: ifRead(counts.inDatabase),
    ...whereMissingAre(counts, evidence),
    lost: stored && queued ? emitted - counts.kept : null,
    storedUnacknowledged: ifRead(counts.unacknowledged),
    storedMoreThanOnce: ifRead(counts.twice),
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
  { stored, queued }: Evidence,
): Pick<Accounting, 'acknowledgedAndLost' | 'inDeadLetterQueue'> {
  if (!stored) return { acknowledgedAndLost: null, inDeadLetterQueue: null }
  if (!queued) return { acknowledgedAndLost: accepted === 0 ? missing : null, inDeadLetterQueue: null }
  return { acknowledgedAndLost: missing - waiting, inDeadLetterQueue: waiting }
}
