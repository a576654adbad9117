import { isAlive, ownerOf } from '../../harness/owner.ts'
import type { ContainerEngine } from '../engines.ts'
import { runLabel } from './label.ts'
import { removeRun } from './remove.ts'

/**
 * Removes what runs that were killed have left in this engine: containers, their volumes, networks. By our label alone, and
 * only when the process named in it is dead. Returns the names of those runs.
 */
export async function removeEngineLeftovers(engine: ContainerEngine): Promise<string[]> {
  const filters = JSON.stringify({ label: [runLabel] })
  const containers = await engine.api.listContainers({ all: true, filters })
  const networks = await engine.api.listNetworks({ filters })
  const runs = new Set([...containers, ...networks].map(({ Labels }) => Labels?.[runLabel] ?? ''))
  const removed: string[] = []
  for (const run of runs) {
    const owner = ownerOf(run)
    if (owner === null || isAlive(owner)) continue
    await removeRun(engine, run)
    removed.push(`${run} (${engine.name})`)
  }
  return removed
}
