import { deliverAtRate, deliverInALoop } from '../deliveries.ts'
import type { NodeTool } from './tool.ts'

/** This project's generator as runs use it: each attempt is a line of a record on disk. */
export const ours: NodeTool = {
  kind: 'node',
  isQuick: true,
  name: 'culprit',
  note: 'every attempt recorded',
  saturate: (load, isWarm) => deliverInALoop(load, { isWarm }),
  pace: async (load) => (await deliverAtRate(load)).latencies,
}
