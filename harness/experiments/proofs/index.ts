import type { Scenario } from '../../scenario.ts'
import { containersProof } from './containers.ts'
import { highLoadProof } from './high-load.ts'
import type { Proof } from './proof.ts'

/** Every proof, made from the scenarios it is about. */
export function listProofs(scenarios: readonly Scenario[]): readonly Proof[] {
  return [highLoadProof(scenarios), containersProof(scenarios)]
}
