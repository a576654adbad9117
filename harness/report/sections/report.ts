import type { LookBack } from '../../prediction.ts'
import type { Manifest } from '../../record.ts'
import type { Verdict } from '../../verdict.ts'
import type { Course } from '../course/course.ts'

/** All that the page of a run is made from. */
export interface RunReport {
  readonly manifest: Manifest
  readonly verdict: Verdict
  readonly course: Course
  /** What a model makes of the same run. */
  readonly lookBack: LookBack
}
