import { expect, test } from 'vitest'
import { localAddressFor } from './local-address.ts'

test.skipIf(process.platform !== 'linux')(
  'thousands of connections to this machine come from as many addresses as they need',
  () => {
    const of = (opened: number) => localAddressFor('127.0.0.1', opened)
    expect([0, 3_999, 4_000, 7_999, 8_000, 999_999].map(of)).toEqual([
      undefined,
      undefined,
      '127.0.0.2',
      '127.0.0.2',
      '127.0.0.3',
      '127.0.0.250',
    ])
    expect(of(1_000_000)).toBeUndefined()
  },
)

test.each(['10.0.0.7', 'localhost', '::1', '127.example.com'])(
  'those to %s come from where the system says',
  (host) => {
    expect(localAddressFor(host, 50_000)).toBeUndefined()
  },
)
