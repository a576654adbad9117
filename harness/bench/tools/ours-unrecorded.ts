import { deliverInALoop } from '../deliveries.ts'
import type { NodeTool } from './tool.ts'

/** The same without a record: the difference is what recording costs. */
export const oursUnrecorded: NodeTool = {
  kind: 'node',
  name: 'culprit, not recording',
  saturate: (load, isWarm) => deliverInALoop(load, { isWarm, isRecorded: false }),
}
