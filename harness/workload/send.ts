import type { Sender } from './drivers/driver.ts'
import { socketsDriver } from './drivers/sockets.ts'
import { undiciDriver } from './drivers/undici.ts'

export { type Answer, ask, outcomes, type Request, type Send, type Sender } from './drivers/driver.ts'

/** Bare sockets, which cost the least and do not slow down with thousands of connections; undici where there is TLS. */
export function createSender(baseUrl: string, connectTimeoutMs: number): Sender {
  const driver = new URL(baseUrl).protocol === 'https:' ? undiciDriver : socketsDriver
  return driver(baseUrl, connectTimeoutMs)
}
