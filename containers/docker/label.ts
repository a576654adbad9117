import type { PartName } from '../../harness/engine.ts'

/** Its value is the run's name, which carries its owner (see harness/owner.ts). All that we start in an engine has it. */
export const runLabel = 'culprit'
/** Which part of the stack a container is. */
export const partLabel = 'culprit.part'

export function labelsOf(run: string, part: PartName): Record<string, string> {
  return { [runLabel]: run, [partLabel]: part }
}

/** A filter for what belongs to a run, in the engine's words. */
export function ofRun(run: string, part?: PartName): { label: string[] } {
  return { label: [`${runLabel}=${run}`, ...(part ? [`${partLabel}=${part}`] : [])] }
}
