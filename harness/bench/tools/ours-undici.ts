import { undiciDriver } from '../../workload/drivers/undici.ts'
import { deliverInALoop } from '../deliveries.ts'
import type { NodeTool } from './tool.ts'

/** The same over undici, which is what carries HTTPS. */
export const oursUndici: NodeTool = {
  kind: 'node',
  name: 'culprit over undici',
  note: 'every attempt recorded',
  saturate: (load, isWarm) => deliverInALoop(load, { isWarm, driver: undiciDriver }),
}
