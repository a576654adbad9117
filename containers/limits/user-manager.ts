import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { runTool } from '../embedded/tool.ts'

/** The user's systemd: the service manager of an ordinary user's login session. */
export interface UserManager {
  /** Tells systemd's programs where it is; nothing else of the user's environment goes with it. */
  readonly env: Readonly<Record<string, string>>
  /** The folder of its own control group, below which it makes others. */
  readonly groupFolder: string
}

/** Where the user manager listens: there if, and only if, it runs. */
function socketOf(runtimeDir: string): string {
  return join(runtimeDir, 'systemd', 'private')
}

/** The user manager, or in words why there is none. `mount` is where control groups of version 2 are mounted. */
export async function findUserManager(mount: string): Promise<UserManager | string> {
  const runtimeDir = process.env.XDG_RUNTIME_DIR || `/run/user/${process.getuid?.()}`
  try {
    await access(socketOf(runtimeDir))
  } catch {
    return `no user session of systemd runs (there is no ${socketOf(runtimeDir)})`
  }
  const env = { XDG_RUNTIME_DIR: runtimeDir }
  try {
    const answer = await runTool(['systemctl', '--user', 'show', '--property=ControlGroup', '--value'], { env })
    return { env, groupFolder: join(mount, answer.trim()) }
  } catch (error) {
    return `the user session of systemd does not answer: ${error instanceof Error ? error.message : String(error)}`
  }
}
