import type { AuditCheck } from '../../sample.ts'
import { type CheckTarget, check } from './check.ts'
import { flows } from './flows.ts'

/** As the report's suite had it: four processes at once. */
const atOnce = 4

/**
 * The report's audit tests, as checks against the API: in order, four at a time. Rejects with the signal's reason after an
 * abort.
 */
export async function runChecks(target: CheckTarget): Promise<AuditCheck[]> {
  const results: AuditCheck[] = []
  const left = flows.entries()
  const work = async () => {
    for (const [place, flow] of left) results[place] = await check(flow, place, target)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}
