import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { startsMs } from './arrivals.ts'
import { InputError } from './errors.ts'
import { readManifestSync } from './evidence.ts'
import { recordFiles } from './record.ts'
import { locateRun, runsDir } from './run-folder.ts'
import type { Load } from './scenario.ts'

/**
 * The load of a recorded run, to be played again: those of its RRs that had arrived when it ended, all their events as
 * they were planned. A plan follows from the load and the seed, so it is not what a late generator made of it.
 *
 * @param run a folder, the name of a run in results/runs, or `latest`
 * @returns `name` is what names it tomorrow, too
 * @throws InputError when there is no such run, or it ended before its load began
 */
export function readRecordedLoad(run: string): { readonly name: string; readonly load: Load } {
  const dir = locateRun(run)
  const { id, load, seed } = readManifestSync(dir)
  const events = readEvents(join(dir, recordFiles.events))
  if (!events.some(({ kind }) => kind === 'burst')) throw new InputError([`${id} ended before its load began`])
  // A record without an end does not say who had arrived: then all of them are played.
  const endMs = events.find(({ kind }) => kind === 'end')?.t ?? Number.POSITIVE_INFINITY
  const own = load.replays?.seed ?? seed
  const rrs = startsMs(load, own).filter((startMs) => startMs <= endMs).length
  return {
    name: dirname(dir) === runsDir ? basename(dir) : quoted(dir),
    load: { ...load, rrs, replays: { run: id, seed: own } },
  }
}

/** Empty where there are none yet. A last line that was cut off half-way is left out. */
function readEvents(path: string): { readonly kind?: unknown; readonly t?: number }[] {
  const parse = (text: string) => {
    try {
      return [JSON.parse(text) ?? {}]
    } catch {
      return []
    }
  }
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').flatMap(parse) : []
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
