import { removeEngineLeftovers } from './docker/leftovers.ts'
import { removeLeftovers } from './embedded/leftovers.ts'
import { findEngine } from './engines.ts'

/**
 * Removes what killed runs left on this machine and in the container engines that answer, by its owner's mark, and
 * nothing else. Returns what was removed.
 */
export async function clean(): Promise<readonly string[]> {
  const removed: string[] = []
  for (const name of ['docker', 'podman'] as const) {
    const engine = await findEngine(name).catch(() => null)
    if (engine) removed.push(...(await removeEngineLeftovers(engine)))
  }
  // After the containers: an engine's own groups may be in one of ours.
  return [...removed, ...(await removeLeftovers())]
}
