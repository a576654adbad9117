import TinyQueue from 'tinyqueue'
import type { Clock } from '../clock.ts'

/** What is due at which time, on one clock. */
export interface Agenda {
  /** Calls back at `dueMs` of the clock, never before it, and at once when that has passed. Returns how to call it off. */
  at(dueMs: number, callback: () => void): () => void
  /**
   * Does one thing that is due, as the agenda's own timer would a little later: called after each answer, so that a busy
   * generator is as exact as it can be. One, for an answer sets one connection free; whatever more is due has its turn when the
   * answers that have come are read. To send it before would open a connection for each, which takes as long as ten requests.
   */
  catchUp(): void
}

interface Entry {
  readonly dueMs: number
  /** What is due at the same time is done in the order that it was asked for. */
  readonly seq: number
  /** `null`: called off. */
  callback: (() => void) | null
}

/** A timer of Node's can be so much late, so that what is due sooner is not left to it. */
const nearMs = 1
/**
 * What is that near is waited for asleep, in naps of which the system makes 0.07 ms: so late may an answer be read. To
 * look again and again instead would take the CPU from a service on the same machine.
 */
const napMs = 0.02
const pillow = new Int32Array(new SharedArrayBuffer(4))

/**
 * So much is done in one go before answers are read again: a burst of sends must not age the answers to the first ones. Only
 * one thing, where answers came since the last turn: they set free as many connections as a generator that has fallen behind
 * can use.
 */
const longestTurnMs = 0.5

/**
 * One timer for all that is due: 300,000 timers of Node's take a second to make and their lists cost with each. Computed
 * from the clock each time, so that a long schedule does not drift.
 */
export function createAgenda(clock: Clock): Agenda {
  const queue = new TinyQueue<Entry>([], (a, b) => a.dueMs - b.dueMs || a.seq - b.seq)
  let seq = 0
  let live = 0
  let isBusy = false
  let hasCaughtUp = false
  let armedForMs = Number.POSITIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let turn: NodeJS.Immediate | undefined

  const disarm = () => {
    clearTimeout(timer)
    clearImmediate(turn)
    turn = undefined
    armedForMs = Number.POSITIVE_INFINITY
  }
  const arm = (dueMs: number) => {
    if (isBusy || turn || dueMs >= armedForMs) return
    clearTimeout(timer)
    armedForMs = Number.POSITIVE_INFINITY
    const inMs = dueMs - clock.now()
    if (inMs < nearMs) {
      turn = setImmediate(onTurn)
      return
    }
    armedForMs = dueMs
    // Timers count whole milliseconds: rather early, and near then, than late.
    timer = setTimeout(onTimer, Math.floor(inMs))
  }
  const nextDue = (): Entry | undefined => {
    for (let next = queue.peek(); next; next = queue.peek()) {
      if (next.callback) return next
      queue.pop()
    }
    return undefined
  }
  const onTimer = () => {
    armedForMs = Number.POSITIVE_INFINITY
    doUntil(clock.now() + longestTurnMs)
  }
  const onTurn = () => {
    turn = undefined
    const inMs = (nextDue()?.dueMs ?? 0) - clock.now()
    if (inMs > 0) Atomics.wait(pillow, 0, 0, Math.min(inMs, napMs))
    const untilMs = hasCaughtUp ? Number.NEGATIVE_INFINITY : clock.now() + longestTurnMs
    hasCaughtUp = false
    doUntil(untilMs)
  }
  /** Does at least one thing, if any is due. A timer that is armed stays so: one that fires too early is armed again. */
  const doUntil = (untilMs: number) => {
    isBusy = true
    let nowMs = clock.now()
    let next = nextDue()
    try {
      for (let isFirst = true; next && next.dueMs <= nowMs && (isFirst || nowMs < untilMs); isFirst = false) {
        queue.pop()
        live--
        const { callback } = next
        next.callback = null
        callback?.()
        next = nextDue()
        nowMs = clock.now()
      }
    } finally {
      isBusy = false
      if (next && next.dueMs <= nowMs) turn ??= setImmediate(onTurn)
      else if (next) arm(next.dueMs)
    }
  }
  return {
    at(dueMs, callback) {
      const entry: Entry = { dueMs, seq: seq++, callback }
      queue.push(entry)
      live++
      arm(dueMs)
      return () => {
        if (!entry.callback) return
        entry.callback = null
        live--
        // Nothing keeps the process up for what is called off.
        if (live === 0) disarm()
      }
    },
    catchUp() {
      const next = isBusy ? undefined : queue.peek()
      if (!next || next.dueMs > clock.now()) return
      hasCaughtUp = true
      doUntil(Number.NEGATIVE_INFINITY)
    },
  }
}
