/** One consumer of the stream's group: what it has been given, what dead ones have left, and how entries leave. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { ChainableCommander, Redis } from 'ioredis'
import { type Entry, formatEntry } from './entry.ts'
import { group, rejectedStream, stream } from './queue.ts'

const pageSize = 100

/** An entry with its place in the stream. */
export interface Letter {
  readonly id: string
  readonly message: string
}

/** A consumer of the group. Every entry it was given stays its own, also over a restart of Redis, until it leaves. */
export interface Consumer {
  /** Takes on new entries, and those that another consumer has not touched for `idleMs`. */
  take(idleMs: number): Promise<void>
  /** The consumer's entries, oldest first. */
  letters(): AsyncIterable<Letter>
  /** The entry is stored: it leaves. */
  acknowledge(letter: Letter): Promise<void>
  /** The entry failed: another one takes its place, at the end. */
  replace(letter: Letter, entry: Entry): Promise<void>
  /** The entry can never be stored: it moves to the stream for people. */
  reject(letter: Letter, why: string): Promise<void>
  /** Entries in the stream, whoever's they are. */
  length(): Promise<number>
  /** Leaves the group if nothing is left behind. Entries that are left wait for another consumer to claim them. */
  leave(): Promise<void>
}

/** Joins the group under a new name, making stream and group where they are missing. */
export async function joinGroup(redis: Redis): Promise<Consumer> {
  const name = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`

  /** Of all that leaves or moves, nothing may be half done. */
  async function atomically(commands: ChainableCommander): Promise<void> {
    for (const [error] of (await commands.exec()) ?? []) if (error) throw error
  }
  const leaving = (letter: Letter) => redis.multi().xack(stream, group, letter.id).xdel(stream, letter.id)

  async function claim(idleMs: number): Promise<void> {
    // XAUTOCLAIM would do all this in one command, from Redis 6.2 on.
    for (let from = '-'; ; ) {
      const pending = (await redis.xpending(stream, group, from, '+', pageSize)) as [string, string, number, number][]
      const ids = pending.filter(([, owner, idle]) => owner !== name && idle >= idleMs).map(([id]) => id)
      // The server looks at the idle time again: two that claim at once do not both get it.
      if (ids.length > 0) await redis.xclaim(stream, group, name, idleMs, ...ids, 'JUSTID')
      const last = pending.at(-1)?.[0]
      if (last === undefined || pending.length < pageSize) return
      from = after(last)
    }
  }

  return {
    async take(idleMs) {
      await ensureGroup(redis)
      await claim(idleMs)
      while ((await read(redis, name, '>')).length === pageSize) {
        // There may be more.
      }
    },
    async *letters() {
      let page = await read(redis, name, '0')
      while (page.length > 0) {
        yield* page
        page = await read(redis, name, page.at(-1)?.id ?? '')
      }
    },
    acknowledge: (letter) => atomically(leaving(letter)),
    replace: (letter, entry) => atomically(leaving(letter).xadd(stream, '*', 'message', formatEntry(entry))),
    reject: (letter, why) =>
      atomically(leaving(letter).xadd(rejectedStream, '*', 'message', letter.message, 'reason', why)),
    length: () => redis.xlen(stream),
    async leave() {
      const mine = await redis.xpending(stream, group, '-', '+', 1, name)
      if (mine.length === 0) await redis.xgroup('DELCONSUMER', stream, group, name)
    },
  }
}

// Also between two polls: a Redis that keeps nothing on disk loses the group in a restart.
async function ensureGroup(redis: Redis): Promise<void> {
  await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM').catch((error: Error) => {
    if (!error.message.startsWith('BUSYGROUP')) throw error
  })
}

async function read(redis: Redis, name: string, from: string): Promise<Letter[]> {
  const answer = (await redis.xreadgroup('GROUP', group, name, 'COUNT', pageSize, 'STREAMS', stream, from)) as
    | [string, [string, string[] | null][]][]
    | null
  const entries = answer?.[0]?.[1] ?? []
  // An entry that was deleted while it was pending comes without fields: it parses as no entry, and is put aside.
  return entries.map(([id, fields]) => ({ id, message: fields?.[fields.indexOf('message') + 1] ?? '' }))
}

/** The next possible id in a stream. Ranges that exclude their start came with Redis 6.2. */
function after(id: string): string {
  const [ms, sequence] = id.split('-')
  return `${ms}-${BigInt(sequence ?? 0) + 1n}`
}
