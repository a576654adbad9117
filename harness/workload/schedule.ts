import type { Clock } from '../clock.ts'
import { type Agenda, createAgenda } from './agenda.ts'

/** Each clock's own: whoever shares a clock shares its one timer. */
const agendas = new WeakMap<Clock, Agenda>()

function agendaOf(clock: Clock): Agenda {
  const known = agendas.get(clock)
  if (known) return known
  const made = createAgenda(clock)
  agendas.set(clock, made)
  return made
}

/** Calls back at `dueMs` of the clock, never before it, and at once when that has passed. Returns how to call it off. */
export function at(clock: Clock, dueMs: number, callback: () => void): () => void {
  return agendaOf(clock).at(dueMs, callback)
}

/** Does what is due by now: called after each answer, so that a busy generator is as exact as it can be. */
export function catchUp(clock: Clock): void {
  agendas.get(clock)?.catchUp()
}
