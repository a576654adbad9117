import { expect, test } from 'vitest'
import { signTest } from './sign-test.ts'

test.each([
  [0, 0, 1],
  [0, 8, 1],
  [8, 8, 1 / 256],
  [11, 12, 13 / 4096],
  [2, 3, 1 / 2],
])('%i or more of %i fall on one side in %d', (count, all, likely) => expect(signTest(count, all)).toBe(likely))
