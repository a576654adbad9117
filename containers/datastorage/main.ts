/**
 * Starts the stand-in for the DataStorage audit service: `node main.ts`, configured by environment variables alone
 * (see config.ts). Logs JSON lines on stdout; the line with the message `listening` names the port. Exits with 0 after
 * SIGTERM or SIGINT, with 1 when it cannot start.
 */
import { readConfig } from './config.ts'
import { startService } from './service.ts'

// Listened for from the start: a signal that nobody listens for does nothing to process 1 of a container.
let stop: () => unknown = () => process.exit(0)
// Once each: a second signal ends the process at once, as it would any other.
process.once('SIGTERM', () => stop())
process.once('SIGINT', () => stop())

try {
  const service = await startService(readConfig(process.env))
  stop = service.stop
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
