import { exitCodes, InterruptedError } from './errors.ts'

/** Longest time that stopping may take. Our children die with us; containers that are left are there for `clean`. */
const stopWithinMs = 2_800

/**
 * One signal aborts the run; the same key press often arrives twice, from the terminal and forwarded by npm, so further
 * ones change nothing.
 */
export function listenForInterruption(onInterrupted: () => void) {
  const controller = new AbortController()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const listener = () => {
    if (controller.signal.aborted) return
    onInterrupted()
    setTimeout(() => {
      process.stderr.write(
        'culprit: interrupted; stopping took too long, "npm run clean" removes what is left (exit 130)\n',
      )
      process.exit(exitCodes.interrupted)
    }, stopWithinMs).unref()
    controller.abort(new InterruptedError('interrupted'))
  }
  for (const signal of signals) process.on(signal, listener)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, listener)
    },
  }
}
