import { describe, expect, test } from 'vitest'
import { isAlive, ownedByThisProcess, ownerOf } from './owner.ts'

describe('a name with an owner', () => {
  test('gives back this process, which is alive', () => {
    const owner = ownerOf(ownedByThisProcess())
    expect(owner?.pid).toBe(process.pid)
    expect(owner && isAlive(owner)).toBe(true)
  })

  test('differs each time', () => {
    expect(ownedByThisProcess()).not.toBe(ownedByThisProcess())
  })

  test('of an earlier process with our pid has a dead owner', () => {
    const owner = ownerOf(ownedByThisProcess())
    expect(owner && isAlive({ ...owner, startTicks: owner.startTicks - 1 })).toBe(false)
  })

  test('of another pid namespace cannot be judged, and counts as alive', () => {
    const owner = ownerOf(ownedByThisProcess())
    expect(owner && isAlive({ ...owner, pid: 4_194_305, pidNamespace: '1' })).toBe(true)
    expect(owner && isAlive({ ...owner, pid: 4_194_305 })).toBe(false)
  })

  test.each(['culprit', 'culprit-12', 'culprit-12-x-5-00ff', 'culprit-12-34-5-00ff.bak', 'my-culprit-12-34-5-00ff'])(
    'is not what %s is',
    (name) => {
      expect(ownerOf(name)).toBeNull()
    },
  )
})
