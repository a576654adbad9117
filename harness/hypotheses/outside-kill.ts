import type { Hypothesis, Prediction } from '../hypothesis.ts'
import { gentlerPace, moreMemory } from '../perturbation.ts'
import { formatAt } from '../units.ts'
import { describeAsking, engineWord, isInEngine } from './engine-word.ts'
import { absent, notMeasurable, ofDeath, seen } from './observe.ts'
import { oomKillAtDeath } from './oom-kill.ts'
import { describeExit } from './process-exit.ts'
import { watchdogKillAtDeath } from './watchdog-kill.ts'

const endedBySignal: Prediction = {
  statement: 'a signal that processes are sent ended the main process',
  necessary: true,
  observe: ofDeath((exit) => {
    const { kind, because } = describeExit(exit)
    if (kind === 'unknown') return notMeasurable(because)
    // A service that handles SIGTERM ends like this, and so does one that ends by a mistake of its own.
    if (kind === 'clean') return notMeasurable(`${because}: nobody can say who asked for it`)
    return kind === 'sent' ? seen(`${because} at ${formatAt(exit.t)}`, [exit.ref]) : absent(because, [exit.ref])
  }),
}

const oomKillFlat: Prediction = {
  // SIGKILL is the kernel's signal too: only its own counter tells the two apart.
  statement: "the kernel's oom_kill counter stays flat through the death",
  necessary: true,
  observe: ofDeath((exit, evidence) => {
    const oomKill = oomKillAtDeath(evidence, exit.t)
    switch (oomKill.kind) {
      case 'unknown':
        return notMeasurable(oomKill.why)
      case 'rose':
        return absent(`the kernel's own oom_kill rose at ${formatAt(oomKill.to.t)}`, [oomKill.to.ref])
      case 'flat':
        return seen(`oom_kill still ${oomKill.last.value} after the death`, [oomKill.last.ref])
    }
  }),
}

/** In an engine, what was asked of it right before the end is its cause, also where a child was OOM-killed before. */
const askedOr = (other: Prediction): Prediction => ({
  ...other,
  statement: `${other.statement}, or somebody asked the engine for it`,
  observe: ofDeath((_, evidence) => {
    const word = engineWord(evidence)
    if (word.kind === 'unclear') return notMeasurable(word.why)
    if (word.kind === 'asked') return seen(describeAsking(word), [word.event.ref, word.die.ref])
    const observed = other.observe(evidence)
    // Such as by `kill` on the host, of which no engine knows.
    return word.kind === 'silent' && observed.result === 'seen'
      ? { ...observed, because: `${observed.because}, not by the engine`, refs: [...observed.refs, word.die.ref] }
      : observed
  }),
})

export const outsideKill: Hypothesis = {
  name: 'outside-kill',
  label: 'outside kill',
  role: 'death',
  claim: 'Somebody outside ended the service: an operator, a reaper, another test process.',
  phrase: 'DataStorage was ended from outside',
  perturbations: [
    { expected: 'alike', ...gentlerPace },
    { expected: 'alike', ...moreMemory },
  ],
  predictions: [endedBySignal, oomKillFlat],
  given(evidence) {
    if (evidence.appliedLimits?.limiter === 'watchdog') return { predictions: [endedBySignal, killedByNoneOfOurs] }
    if (isInEngine(evidence)) return { predictions: [askedOr(endedBySignal), askedOr(oomKillFlat)] }
    return null
  },
}

/** A user-space watchdog sends the same signal as anybody else: only its own record tells the two apart. */
const killedByNoneOfOurs: Prediction = {
  statement: 'neither the user-space watchdog nor the kernel killed as the main process ended',
  necessary: true,
  observe: ofDeath((exit, evidence) => {
    const kill = watchdogKillAtDeath(evidence, exit.t)
    if (kill.kind === 'unknown') return notMeasurable(kill.why)
    if (kill.kind === 'killed') {
      return absent(`the user-space watchdog's own kill at ${formatAt(kill.event.t)}`, [kill.event.ref])
    }
    const oomKill = oomKillAtDeath(evidence, exit.t)
    switch (oomKill.kind) {
      case 'unknown':
        return notMeasurable(oomKill.why)
      case 'rose':
        // The counter is the whole machine's: it does not say whom the kernel killed.
        return notMeasurable(`the kernel killed some process of this machine at ${formatAt(oomKill.to.t)}`)
      case 'flat':
        return seen('the watchdog killed nobody, nor did the kernel', [oomKill.last.ref])
    }
  }),
}
