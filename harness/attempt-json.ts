import { hasRoom, type LineWriter, writeText } from './line-bytes.ts'
import type { Attempt } from './sample.ts'

/**
 * What JSON.stringify makes of an attempt, and a line's end, straight into bytes: there is one for each request, and a generator
 * that is busy writing its record sends late. No text is made of a number, for V8 keeps those that it made, each for a while,
 * and its garbage collector stops everything to move them. Words of the schema need no escaping, and all times are finite.
 */
export function createAttemptWriter(): LineWriter<Attempt> {
  const kind = Buffer.from('{"kind":"attempt","t":')
  const started = Buffer.from(',"startedMs":')
  const ended = Buffer.from(',"endedMs":')
  /** The last of each part that attempts have in common, and what it was made of: the next one's is mostly the same. */
  let about = { phase: '', operation: '', bytes: kind }
  let size = { events: -1, attempt: -1, bytes: kind }
  let end = { outcome: '', status: -1 as number | null, bytes: kind }
  const nameOf = createNames()

  const aboutOf = ({ phase, operation }: Attempt): Buffer => {
    if (operation !== about.operation || phase !== about.phase)
      about = { phase, operation, bytes: Buffer.from(`,"phase":"${phase}","operation":"${operation}","client":`) }
    return about.bytes
  }
  const sizeOf = ({ events, attempt }: Attempt): Buffer => {
    if (events !== size.events || attempt !== size.attempt)
      size = { events, attempt, bytes: Buffer.from(`,"events":${events},"attempt":${attempt},"intendedMs":`) }
    return size.bytes
  }
  const endOf = ({ outcome, status, retryAfterMs, failure }: Attempt): Buffer => {
    if (failure !== null || retryAfterMs !== undefined) {
      const retryAfter = retryAfterMs === undefined ? '' : `,"retryAfterMs":${retryAfterMs}`
      return Buffer.from(
        `,"outcome":"${outcome}","status":${status}${retryAfter},"failure":${JSON.stringify(failure)}}\n`,
      )
    }
    if (outcome !== end.outcome || status !== end.status)
      end = { outcome, status, bytes: Buffer.from(`,"outcome":"${outcome}","status":${status},"failure":null}\n`) }
    return end.bytes
  }

  return (line, buffer, from) => {
    const name = nameOf(line.client)
    const tail = endOf(line)
    if (!hasRoom(buffer, from, mostOtherBytes + name.length + tail.length)) return null
    let at = put(kind, buffer, from)
    at = putTime(line.t, buffer, at)
    at = put(aboutOf(line), buffer, at)
    at = put(name, buffer, at)
    at = putNumber(line.firstEvent, buffer, at)
    at = put(sizeOf(line), buffer, at)
    at = putTime(line.intendedMs, buffer, at)
    at = put(started, buffer, at)
    at = putTime(line.startedMs, buffer, at)
    at = put(ended, buffer, at)
    at = putTime(line.endedMs, buffer, at)
    return put(tail, buffer, at)
  }
}

/** A number of JavaScript's takes 25 characters at most. */
const mostOtherBytes = 512
const mostNames = 10_000

/** Clients' names as JSON, with what follows them: each is written once for every attempt of the client. */
function createNames(): (name: string) => Buffer {
  const names = new Map<string, Buffer>()
  let last: { readonly name: string; readonly bytes: Buffer } = { name: '', bytes: Buffer.from('"","firstEvent":') }
  return (name) => {
    if (name === last.name) return last.bytes
    let bytes = names.get(name)
    if (!bytes) {
      bytes = Buffer.from(`${JSON.stringify(name)},"firstEvent":`)
      if (names.size >= mostNames) names.clear()
      names.set(name, bytes)
    }
    last = { name, bytes }
    return bytes
  }
}

function put(bytes: Buffer, buffer: Buffer, at: number): number {
  buffer.set(bytes, at)
  return at + bytes.length
}

/** So that whole microseconds are exact to the last, and milliseconds small. */
const most = 2 ** 30
const zero = 48
const point = 46

function putNumber(number: number, buffer: Buffer, at: number): number {
  const whole = number | 0
  return whole === number && whole >= 0 && whole < most
    ? putDigits(whole, buffer, at)
    : writeText(String(number), buffer, at)
}

function putDigits(number: number, buffer: Buffer, from: number): number {
  let to = from + 1
  for (let rest = number; rest > 9; rest = (rest / 10) | 0) to++
  let rest = number
  for (let at = to - 1; at >= from; at--) {
    const tenth = (rest / 10) | 0
    buffer[at] = zero + rest - tenth * 10
    rest = tenth
  }
  return to
}

/** All are whole microseconds by the clock. */
function putTime(timeMs: number, buffer: Buffer, from: number): number {
  const wholeMs = timeMs | 0
  const us = Math.round((timeMs - wholeMs) * 1_000)
  if (!(timeMs >= 0 && timeMs < most && us < 1_000 && (wholeMs * 1_000 + us) / 1_000 === timeMs))
    return writeText(JSON.stringify(timeMs), buffer, from)
  const at = putDigits(wholeMs, buffer, from)
  if (us === 0) return at
  const tenths = (us / 100) | 0
  const hundredths = (us / 10) | 0
  buffer[at] = point
  buffer[at + 1] = zero + tenths
  buffer[at + 2] = zero + hundredths - tenths * 10
  buffer[at + 3] = zero + us - hundredths * 10
  // Zeros at the end are none of a number's.
  if (us !== hundredths * 10) return at + 4
  return hundredths === tenths * 10 ? at + 2 : at + 3
}
