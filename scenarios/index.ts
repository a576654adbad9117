import type { Scenario } from '../harness/scenario.ts'
import { blind } from './blind.ts'
import { burst } from './burst.ts'
import { capacity } from './capacity.ts'
import { cascade } from './cascade.ts'
import { healthy } from './healthy.ts'
import { highLoad } from './high-load.ts'
import { highLoadQuick } from './high-load-quick.ts'
import { incidentLoad } from './incident-load.ts'
import { moreMemory } from './more-memory.ts'
import { performance } from './performance.ts'
import { rateLimited } from './rate-limited.ts'
import { soak } from './soak.ts'
import { steady } from './steady.ts'

/** Every scenario, in the order in which `--list` shows them. */
export const scenarios: readonly Scenario[] = [
  highLoad,
  highLoadQuick,
  healthy,
  incidentLoad,
  cascade,
  moreMemory,
  rateLimited,
  performance,
  soak,
  blind,
  steady,
  burst,
  capacity,
]
