import type { Attempt } from '../sample.ts'
import type { Emitter } from '../scenario.ts'

/** The requests that carry events. */
export type WriteOperation = Exclude<Attempt['operation'], 'query'>

export const writePaths: Readonly<Record<WriteOperation, string>> = {
  'write-batch': '/api/v1/audit/events/batch',
  'write-event': '/api/v1/audit/events',
}

/** What the clients of an emitter send. */
export function writeOperationOf(emitter: Emitter): WriteOperation {
  return emitter === 'direct' || emitter === 'closed-loop' ? 'write-event' : 'write-batch'
}
