import { expect, test } from 'vitest'
import { classify, failureOfStatus } from './failure.ts'

const system = (code: string, fields: object = {}) => Object.assign(new Error(`${code} it was`), { code, ...fields })

test.each([
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['UND_ERR_SOCKET', 'reset'],
  ['HPE_INVALID_CONSTANT', 'reset'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connect-timeout'],
  ['ETIMEDOUT', 'connect-timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
  ['EADDRNOTAVAIL', 'local'],
  ['EADDRINUSE', 'local'],
  ['EMFILE', 'local'],
  ['ENEVERSEEN', 'local'],
])('%s is %s', (code, errorClass) => {
  expect(classify(system(code))).toMatchObject({ errorClass, code, message: `${code} it was` })
})

test('errno and syscall are kept: they tell a RST from a FIN', () => {
  const error = system('ECONNRESET', { errno: -104, syscall: 'read' })
  expect(classify(error)).toMatchObject({ errorClass: 'reset', errno: -104, syscall: 'read' })
})

test('looks behind a cause, and at the first of several addresses', () => {
  const refused = system('ECONNREFUSED', { errno: -111, syscall: 'connect' })
  const both = Object.assign(new AggregateError([refused, refused]), { code: 'ECONNREFUSED' })
  expect(classify(new TypeError('fetch failed', { cause: both }))).toMatchObject({ errorClass: 'refused', errno: -111 })
})

test('an abort by a timer is a timeout', () => {
  expect(classify(new DOMException('too late', 'TimeoutError')).errorClass).toBe('timeout')
})

test('statuses', () => {
  expect(failureOfStatus(201)).toBeNull()
  expect([400, 429, 500, 503].map((status) => failureOfStatus(status)?.errorClass)).toEqual([
    '4xx',
    '4xx',
    '5xx',
    '5xx',
  ])
})
