import type { Clock } from '../clock.ts'
import { type Agenda, createAgenda } from './agenda.ts'

/** Each clock's own: whoever shares a clock shares its one timer. */
const agendas = new WeakMap<Clock, Agenda>()

/** What is due on a clock. */
export function agendaOf(clock: Clock): Agenda {
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
