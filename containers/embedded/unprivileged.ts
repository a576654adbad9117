import { userInfo } from 'node:os'
import { StackError } from '../../harness/errors.ts'
import { runTool } from './tool.ts'

/** nobody's user id on Linux: the kernel's own default for an id without a mapping. */
const nobody = 65534

/** How to run a program that refuses root. */
export interface Unprivileged {
  /** Goes before the command line. Each part execs the next, so the process id stays. */
  readonly prefix: readonly string[]
  /** Who must own the files that the program writes; null: leave them as they are. */
  readonly fileOwnerUid: number | null
}

/**
 * As an ordinary user: nothing to do, unless the user id has no name, as in a container that was given any id: PostgreSQL
 * wants one, and in a user namespace it sees itself as nobody. As root: another user id if it can reach all `paths`. If not (a checkout under /root,
 * which has mode 0700), a user namespace: there the program sees itself as nobody, while its files are still root's.
 */
export async function unprivilegedRun(paths: readonly string[], signal: AbortSignal): Promise<Unprivileged> {
  const uid = process.getuid?.()
  const namespace = ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`, '--']
  if (uid !== 0) return { prefix: hasName() ? [] : namespace, fileOwnerUid: null }
  const otherUser = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--']
  const reach = ['sh', '-c', 'for path; do test -x "$path" || exit 1; done', 'sh', ...paths]
  if (await works(otherUser, reach, signal)) return { prefix: otherUser, fileOwnerUid: nobody }
  if (await works(namespace, reach, signal)) return { prefix: namespace, fileOwnerUid: uid }
  throw new StackError(
    `PostgreSQL refuses to run as root, user id ${nobody} cannot reach ${paths.join(' or ')}, and user namespaces are shut off`,
    { hint: 'run as an ordinary user, or move the checkout and TMPDIR to where every user may enter' },
  )
}

function hasName(): boolean {
  try {
    userInfo()
    return true
  } catch {
    return false
  }
}

async function works(prefix: readonly string[], command: readonly string[], signal: AbortSignal): Promise<boolean> {
  return runTool(command, { prefix, signal }).then(
    () => true,
    () => {
      signal.throwIfAborted()
      return false
    },
  )
}
