import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventJson } from '../workload/event.ts'

/** A batch of so many events, and a file that holds it. */
export async function writeBody(dir: string, events: number): Promise<{ body: string; bodyFile: string }> {
  const facts = {
    type: 'orchestrator.phase.transition',
    rr: 'rr-bench-0001',
    client: 'rr-bench-0001',
    runId: 'bench',
  } as const
  const one = (number: number) => eventJson({ ...facts, number, atEpochMs: Date.now() })
  const body = `[${Array.from({ length: events }, (_, number) => one(number)).join(',')}]`
  const bodyFile = join(dir, `${events}.json`)
  await writeFile(bodyFile, body)
  return { body, bodyFile }
}

export const batchPath = '/api/v1/audit/events/batch'
