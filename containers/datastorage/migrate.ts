/**
 * Makes the tables in the database that DATABASE_URL names, as the service does when it starts: `node migrate.ts`. For
 * a service that expects to find them. Exits with 1 when it cannot.
 */
import { migrate } from './database.ts'

try {
  await migrate(process.env.DATABASE_URL ?? '')
} catch (error) {
  console.error(`the database could not be prepared: ${error instanceof Error ? error.message || error.name : error}`)
  process.exit(1)
}
