import type { Evidence } from '../evidence.ts'
import { eventId, eventIds, isLoadWrite, loadClients, openRanges } from '../measure.ts'
import type { Accounting } from '../verdict.ts'

/**
 * What became of each event of the load. The sums balance:
 * emitted = attempted + dropped without an attempt + neverAttempted, and
 * attempted = acknowledged + dropped after an attempt + stored but neither + unknown.
 */
export function accounting(evidence: Evidence): Accounting {
  const attempts = evidence.attempts.filter(isLoadWrite)
  const attempted = eventIds([...attempts, ...openRanges(evidence)])
  const acknowledged = eventIds(attempts.filter((attempt) => attempt.outcome === 'ok'))

  const dropped = new Set<string>()
  let droppedWithoutNumber = 0
  for (const { client, firstEvent, events } of evidence.drops) {
    if (client === 'warm-up') continue
    if (firstEvent === null) droppedWithoutNumber += events
    else for (const id of eventIds([{ client, firstEvent, events }])) dropped.add(id)
  }

  const numbered = new Set([...attempted, ...dropped])
  const buffered = loadClients(evidence).reduce((sum, client) => sum + client.emitted, 0)
  // A run whose end was lost has no summaries: then what was sent is all that is known to have been emitted.
  const emitted = Math.max(buffered, numbered.size) + droppedWithoutNumber

  const copies = evidence.stored && storedCopies(evidence.stored, numbered)
  const unsettled = [...attempted].filter((id) => !acknowledged.has(id) && !dropped.has(id))
  const missing = copies && [...acknowledged].filter((id) => !copies.has(id))
  const accepted = eventIds(attempts.filter((attempt) => attempt.status === acceptedStatus))
  const count = (of: (copies: ReadonlyMap<string, number>) => number) => (copies ? of(copies) : null)
  return {
    emitted,
    attempted: attempted.size,
    acknowledged: acknowledged.size,
    stored: count((found) => found.size),
    ...whereMissingAre(missing, accepted, evidence.queued),
    storedUnacknowledged: count((found) => [...found.keys()].filter((id) => !acknowledged.has(id)).length),
    storedMoreThanOnce: count((found) => [...found.values()].filter((times) => times > 1).length),
    droppedByClient: dropped.size + droppedWithoutNumber,
    neverAttempted: emitted - droppedWithoutNumber - numbered.size,
    unknown: unsettled.filter((id) => !copies?.has(id)).length,
  }
}

/** Of an acknowledgement that promises less than storage: a queue has the event. */
const acceptedStatus = 202

/**
 * Acknowledged events that are not in the database: the dead-letter queue has them, or nobody. Where the queue was not read,
 * those that were accepted for it may be in either place.
 */
function whereMissingAre(
  missing: readonly string[] | null,
  accepted: ReadonlySet<string>,
  queued: Evidence['queued'],
): Pick<Accounting, 'acknowledgedAndLost' | 'inDeadLetterQueue'> {
  if (!missing) return { acknowledgedAndLost: null, inDeadLetterQueue: null }
  if (!queued) {
    const isKnown = !missing.some((id) => accepted.has(id))
    return { acknowledgedAndLost: isKnown ? missing.length : null, inDeadLetterQueue: null }
  }
  const waiting = new Set([...queued].flatMap(([client, events]) => events.map((event) => eventId(client, event))))
  const inDeadLetterQueue = missing.filter((id) => waiting.has(id)).length
  return { acknowledgedAndLost: missing.length - inDeadLetterQueue, inDeadLetterQueue }
}

/** How often each event of the load is in the database; the warm-up's own events are nobody's business here. */
function storedCopies(
  stored: ReadonlyMap<string, readonly number[]>,
  known: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  const copies = new Map<string, number>()
  for (const [client, times] of stored) {
    for (const [event, found] of times.entries()) {
      const id = eventId(client, event)
      if (found > 0 && known.has(id)) copies.set(id, found)
    }
  }
  return copies
}
