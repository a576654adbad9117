/** For tests: starts the program once before all of them. Their services are killed, and only one that ends keeps what it compiled. */
import { once } from 'node:events'
import { spawnService } from './real-service.ts'

export default async function compileOnce(): Promise<void> {
  // Without a configuration it loads everything, says what is missing, and ends.
  const child = spawnService({})
  child.stdout?.resume()
  child.stderr?.resume()
  await once(child, 'exit')
}
