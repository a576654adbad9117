import type { Hypothesis } from '../hypothesis.ts'
import { formatAt } from '../units.ts'
import { absent, notMeasurable, seen, unlessDied } from './observe.ts'
import { oomKillAtDeath } from './oom-kill.ts'
import { describeExit } from './process-exit.ts'

export const outsideKill: Hypothesis = {
  name: 'outside-kill',
  label: 'outside kill',
  role: 'death',
  claim: 'Somebody outside ended the service: an operator, a reaper, another test process.',
  phrase: 'DataStorage was ended from outside',
  predictions: [
    {
      statement: 'a signal that processes are sent ended the main process',
      necessary: true,
      observe(evidence) {
        const notDied = unlessDied(evidence)
        if (notDied || !evidence.exit) return notDied ?? notMeasurable('no exit on record')
        const { kind, because } = describeExit(evidence.exit)
        if (kind === 'unknown') return notMeasurable(because)
        // A service that handles SIGTERM ends like this, and so does one that ends by a mistake of its own.
        if (kind === 'clean') return notMeasurable(`${because}: nobody can say who asked for it`)
        return kind === 'sent'
          ? seen(`${because} at ${formatAt(evidence.exit.t)}`, [evidence.exit.ref])
          : absent(because, [evidence.exit.ref])
      },
    },
    {
      // SIGKILL is the kernel's signal too: only its own counter tells the two apart.
      statement: "the kernel's oom_kill counter stays flat through the death",
      necessary: true,
      observe(evidence) {
        const notDied = unlessDied(evidence)
        if (notDied || !evidence.exit) return notDied ?? notMeasurable('no exit on record')
        const oomKill = oomKillAtDeath(evidence, evidence.exit.t)
        switch (oomKill.kind) {
          case 'unknown':
            return notMeasurable(oomKill.why)
          case 'rose':
            return absent(`the kernel's own oom_kill rose at ${formatAt(oomKill.to.t)}`, [oomKill.to.ref])
          case 'flat':
            return seen(`oom_kill still ${oomKill.last.value} after the death`, [oomKill.last.ref])
        }
      },
    },
  ],
}
