import type { Hypothesis } from '../hypothesis.ts'
import { batchBlocked } from './batch-blocked.ts'
import { blockedEventLoop } from './blocked-event-loop.ts'
import { cpuTooSmall } from './cpu-too-small.ts'
import { databaseDown } from './database-down.ts'
import { generatorSaturated } from './generator-saturated.ts'
import { memoryGrowth } from './memory-growth.ts'
import { memoryLimit } from './memory-limit.ts'
import { nestedCheckout } from './nested-checkout.ts'
import { outsideKill } from './outside-kill.ts'
import { outsidePause } from './outside-pause.ts'
import { poolExhaustion } from './pool-exhaustion.ts'
import { portForwarder } from './port-forwarder.ts'
import { retryStorm } from './retry-storm.ts'
import { rowLockDeadlock } from './row-lock-deadlock.ts'
import { sharedMemory } from './shared-memory.ts'
import { slowLeak } from './slow-leak.ts'
import { uncaughtException } from './uncaught-exception.ts'

/** Every rival cause, in the order in which a report lists them. */
export const hypotheses: readonly Hypothesis[] = [
  databaseDown,
  cpuTooSmall,
  blockedEventLoop,
  poolExhaustion,
  nestedCheckout,
  rowLockDeadlock,
  batchBlocked,
  portForwarder,
  outsidePause,
  memoryGrowth,
  slowLeak,
  retryStorm,
  memoryLimit,
  sharedMemory,
  uncaughtException,
  outsideKill,
  generatorSaturated,
]
