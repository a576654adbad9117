import type { PartName } from '../../harness/engine.ts'
import type { ContainerEngine } from '../engines.ts'
import { ofRun } from './label.ts'

/** What is gone already, or is on its way, is as good as removed. */
const goneStatus = new Set([304, 404, 409])

/** Ends a run's containers at once. They stay, with their logs, until they are removed. */
export async function killContainers(engine: ContainerEngine, run: string): Promise<void> {
  await ofEach(engine, run, undefined, (id) => engine.api.getContainer(id).stop({ t: 0 }))
}

/** Removes a run's containers, or that of one part, running or not, with the volumes that nobody else has. */
export async function removeContainers(engine: ContainerEngine, run: string, part?: PartName): Promise<void> {
  await ofEach(engine, run, part, (id) => engine.api.getContainer(id).remove({ force: true, v: true }))
}

/** Removes all that a run has in the engine: containers, their volumes, its network. */
export async function removeRun(engine: ContainerEngine, run: string): Promise<void> {
  await removeContainers(engine, run)
  const networks = await engine.api.listNetworks({ filters: JSON.stringify(ofRun(run)) })
  await Promise.all(networks.map(({ Id }) => unlessGone(engine.api.getNetwork(Id).remove())))
}

async function ofEach(
  { api }: ContainerEngine,
  run: string,
  part: PartName | undefined,
  act: (id: string) => Promise<unknown>,
): Promise<void> {
  const containers = await api.listContainers({ all: true, filters: JSON.stringify(ofRun(run, part)) })
  await Promise.all(containers.map(({ Id }) => unlessGone(act(Id))))
}

async function unlessGone(action: Promise<unknown>): Promise<void> {
  await action.catch((error: unknown) => {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0
    if (!goneStatus.has(status)) throw error
  })
}
