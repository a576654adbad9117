import type { Fault } from '../../harness/fault.ts'
import { blockedEventLoop } from './blocked-event-loop.ts'
import { cpuQuota } from './cpu-quota.ts'
import { databaseRestart } from './database-restart.ts'
import { memoryGrowthFast, memoryGrowthSlow } from './memory-growth.ts'
import { nestedCheckout } from './nested-checkout.ts'
import { outsideKill } from './outside-kill.ts'
import { pageCache } from './page-cache.ts'
import { poolTooSmall } from './pool-too-small.ts'
import { retryStorm } from './retry-storm.ts'
import { rowLockDeadlock } from './row-lock-deadlock.ts'
import { uncaughtException } from './uncaught-exception.ts'

/** Every fault, in the order in which `--list` shows them. */
export const faults: readonly Fault[] = [
  memoryGrowthFast,
  memoryGrowthSlow,
  pageCache,
  retryStorm,
  poolTooSmall,
  nestedCheckout,
  rowLockDeadlock,
  blockedEventLoop,
  uncaughtException,
  outsideKill,
  cpuQuota,
  databaseRestart,
]
