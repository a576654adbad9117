import { append, type Linked, type LinkedList, remove } from '../linked-list.ts'

/** Something that has to be over by a time. Its fields are `createDeadlines`' own. */
export interface Deadline<T> extends Linked<T> {
  dueMs: number
  /** `null`: not set, called off, or expired. */
  among: Deadlines<T> | null
}

/** Those of one length, by when they are due. */
interface Deadlines<T> extends LinkedList<T> {
  timer: NodeJS.Timeout | null
}

/**
 * Timers that are nearly all called off. Those with the same length are due in the order in which they were set, so that one
 * timer of Node's, for the first, does for all.
 */
export function createDeadlines<T extends Deadline<T>>(expire: (one: T) => void) {
  const byLength = new Map<number, Deadlines<T>>()

  const callOff = (one: T) => {
    if (one.among) remove(one.among, one)
    one.among = null
  }
  const look = (lengthMs: number, among: Deadlines<T>) => {
    const nowMs = performance.now()
    for (let { first } = among; first && first.dueMs <= nowMs; { first } = among) {
      callOff(first)
      expire(first)
    }
    if (among.first) arm(lengthMs, among, among.first.dueMs - nowMs)
    else byLength.delete(lengthMs)
  }
  // Whatever is waited for keeps the process up by itself.
  const arm = (lengthMs: number, among: Deadlines<T>, inMs: number) => {
    among.timer = setTimeout(look, Math.ceil(inMs), lengthMs, among).unref()
  }
  return {
    /** Has it expire `lengthMs` from now, which is `nowMs` by `performance.now()`, or a little later. */
    set(one: T, lengthMs: number, nowMs: number) {
      let among = byLength.get(lengthMs)
      if (!among) {
        among = { first: null, last: null, timer: null }
        byLength.set(lengthMs, among)
        arm(lengthMs, among, lengthMs)
      }
      one.dueMs = nowMs + lengthMs
      one.among = among
      append(among, one)
    },
    callOff,
    /** Forgets them all. */
    clear() {
      for (const { timer } of byLength.values()) clearTimeout(timer ?? undefined)
      byLength.clear()
    },
  }
}
