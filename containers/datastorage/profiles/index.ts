/** Every profile, one line each. */
import { asReported } from './as-reported.ts'
import { blockedLoop } from './blocked-loop.ts'
import { extraWork } from './extra-work.ts'
import { healthy } from './healthy.ts'
import { lockOrder } from './lock-order.ts'
import { memoryGrowth } from './memory-growth.ts'
import { nestedCheckout } from './nested-checkout.ts'
import { pageCache } from './page-cache.ts'
import type { Profile } from './profile.ts'
import { slowQueries } from './slow-queries.ts'
import { slowWriters } from './slow-writers.ts'
import { uncaught } from './uncaught.ts'

/** The profiles that DATASTORAGE_PROFILE can name. */
export const profiles: readonly Profile[] = [
  healthy,
  asReported,
  blockedLoop,
  extraWork,
  lockOrder,
  memoryGrowth,
  nestedCheckout,
  pageCache,
  slowQueries,
  slowWriters,
  uncaught,
]

/** The profile of this name, if there is one. */
export function findProfile(name: string): Profile | undefined {
  return profiles.find((profile) => profile.name === name)
}
