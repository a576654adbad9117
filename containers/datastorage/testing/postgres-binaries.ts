import { join } from 'node:path'
import { type PostgresBinaries, packagedBinaries } from '../../embedded/postgres-template.ts'

/** The PostgreSQL that tests run on: the npm package's, or with POSTGRES_BIN the one whose programs are in that folder. */
export async function testBinaries(): Promise<PostgresBinaries> {
  const folder = process.env.POSTGRES_BIN
  return folder ? { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') } : packagedBinaries()
}
