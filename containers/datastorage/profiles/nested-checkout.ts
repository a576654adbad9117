import { z } from 'zod'
import { type IdentifiedEvent, newEventId } from '../contract.ts'
import { DatabaseTimeout } from '../transaction.ts'
import { confess } from './fault.ts'
import { defineProfile } from './profile.ts'

const options = z.strictObject({
  /** The whole time that a write may take, and the same for the one inside it. */
  limitMs: z.int().min(1),
  /** Time that each write takes in the database before it is audited, in milliseconds. */
  databaseMsPerWrite: z.number().min(0),
})

/**
 * Audits each write within its transaction, by a second writer on the same pool: a request that holds a connection asks
 * for another one. With as many of them at once as the pool has connections, each waits for all the others.
 */
export const nestedCheckout = defineProfile({
  name: 'nested-checkout',
  description: 'Audits each write inside its transaction, on a second connection of the same pool.',
  options,
  async start({ limitMs, databaseMsPerWrite }, { repository, log }) {
    let gaveUp = 0

    async function audit(first: IdentifiedEvent): Promise<void> {
      const note = { ...first, event_id: newEventId(), event_type: 'datastorage.audit.written', event_data: {} }
      try {
        await repository.insert([note], { limitMs })
      } catch (error) {
        if (error instanceof DatabaseTimeout) confess(log, 'nested-checkout', { gaveUp: ++gaveUp })
        throw error
      }
    }
    return {
      admit: () => 'accept',
      write: (events, _limitMs, origin) =>
        repository.insert(events, {
          limitMs: 2 * limitMs,
          origin,
          async beforeEach(event, index, client) {
            if (index > 0) return
            await client.query('SELECT pg_sleep($1)', [databaseMsPerWrite / 1000])
            await audit(event)
          },
        }),
      close: async () => {},
    }
  },
})
