/** Reads processes in /proc with as few calls as can be: it is done every few milliseconds. */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'

/** Every Linux that Node runs on: see times(2). */
const msPerTick = 10

/** What one process uses. */
export interface ProcessUse {
  /**
   * What the kernel could not take back: anonymous and shared memory, in memory or in swap. Pages of files are left out,
   * as a kernel that runs into a limit drops those before it kills.
   */
  readonly memoryBytes: number
  readonly anonymousBytes: number
  /** CPU time of all its threads, also of those that have ended. */
  readonly cpuMs: number
}

/** A process whose files in /proc stay open: they are this process's for good, whoever gets its id afterwards. */
export class WatchedProcess {
  readonly pid: number
  readonly #files: readonly number[]
  readonly #buffer = Buffer.alloc(8192)
  readonly #waitedNs = new Map<string, number>()

  /** Throws when there is no such process. */
  constructor(pid: number) {
    this.pid = pid
    this.#files = [openSync(`/proc/${pid}/status`, 'r'), openSync(`/proc/${pid}/stat`, 'r')]
  }

  /** `null`: the process has ended. */
  use(): ProcessUse | null {
    try {
      const stat = fieldsOf(this.#read(1))
      if (stat[0] === 'Z' || stat[0] === 'X') return null
      const status = this.#read(0)
      const anonymousBytes = bytesOf(status, 'RssAnon')
      const ticks = Number(stat[14 - 3]) + Number(stat[15 - 3])
      return {
        memoryBytes: anonymousBytes + bytesOf(status, 'RssShmem') + bytesOf(status, 'VmSwap'),
        anonymousBytes,
        cpuMs: ticks * msPerTick,
      }
    } catch {
      return null
    }
  }

  /**
   * Time that its threads were ready to run and had no CPU, all together, threads that have ended included as far as they
   * were seen. `null`: this kernel does not count it.
   */
  waitedMs(): number | null {
    try {
      for (const thread of readdirSync(`/proc/${this.pid}/task`)) {
        const schedstat = readFileSync(`/proc/${this.pid}/task/${thread}/schedstat`, 'latin1')
        this.#waitedNs.set(thread, Number(schedstat.split(' ')[1]))
      }
    } catch {
      // The process or a thread has just ended: what was seen of it before still counts.
    }
    if (this.#waitedNs.size === 0) return null
    return this.#waitedNs.values().reduce((sum, ns) => sum + ns, 0) / 1e6
  }

  close(): void {
    for (const fd of this.#files) closeSync(fd)
  }

  #read(file: number): string {
    return this.#buffer.toString(
      'latin1',
      0,
      readSync(this.#files[file] ?? -1, this.#buffer, 0, this.#buffer.length, 0),
    )
  }
}

/** A line such as `RssAnon:     2044 kB`: see proc_pid_status(5). A process without memory of its own has none. */
function bytesOf(status: string, name: string): number {
  const at = status.indexOf(`${name}:`)
  return at < 0 ? 0 : Number.parseInt(status.slice(at + name.length + 1), 10) * 1024
}

/** Finds a process's descendants, and what else has come to be in its session. */
export class Descendants {
  readonly #ours = new Set<number>()
  #known = new Set<number>()

  add(root: number): void {
    this.#ours.add(root)
  }

  /** Ids that were not there at the look before. Only those cost a read: what is not ours once never becomes ours. */
  findNew(): number[] {
    const all = readdirSync('/proc').map(Number).filter(Number.isInteger)
    const found: number[] = []
    // In ascending order a parent comes before its children, unless the ids have wrapped: then the next look finds them.
    for (const pid of all.filter((one) => !this.#known.has(one)).sort((a, b) => a - b)) {
      if (this.#ours.has(pid)) continue
      const [, parent, , session] = statOf(pid)
      if (!this.#ours.has(Number(parent)) && !this.#ours.has(Number(session))) continue
      this.#ours.add(pid)
      found.push(pid)
    }
    this.#known = new Set(all)
    return found
  }
}

function statOf(pid: number): string[] {
  try {
    return fieldsOf(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return []
  }
}

/** From field 3 on: field 2, the command, may hold blanks and brackets. */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
