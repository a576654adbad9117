import { readdirSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { expect, test } from 'vitest'
import { preferThisProcess } from './priority.ts'

const priorities = () => readdirSync('/proc/self/task').map((threadId) => getPriority(Number(threadId)))

function mayPrefer(): boolean {
  const before = getPriority()
  try {
    setPriority(before - 1)
    setPriority(before)
    return before - 1 >= -20
  } catch {
    return false
  }
}

test.skipIf(!mayPrefer())('every thread goes first until the end (needs root)', () => {
  const before = getPriority()
  {
    using _ = preferThisProcess()
    expect(new Set(priorities())).toEqual(new Set([-14]))
  }
  expect(new Set(priorities())).toEqual(new Set([before]))
})
