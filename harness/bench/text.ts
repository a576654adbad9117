import { markdownTable } from 'markdown-table'
import type { Manifest } from '../record.ts'
import { formatBytes } from '../units.ts'
import type { Answer, Question } from './questions/question.ts'

export interface About {
  /** ISO 8601. */
  readonly startedAt: string
  readonly command: string
  readonly machine: Manifest['machine']
  readonly versions: Manifest['versions']
  readonly git: Manifest['git']
  /** Whether tool and server had a core each. */
  readonly isPinned: boolean
  readonly skipped: readonly string[]
}

/** An answer as a table, with what it was measured on. */
export function renderMarkdown(about: About, { title }: Question, { header, rows, note }: Answer): string {
  const { startedAt, command, machine, versions, git, isPinned, skipped } = about
  const commit = git ? `commit ${git.commit.slice(0, 7)}${git.dirty ? ' with changes' : ''}` : 'commit unknown'
  const cores = isPinned ? 'one core for the tool, one for the server' : 'nothing pinned'
  return [
    `### ${title}`,
    `${startedAt.slice(0, 16).replace('T', ' ')} UTC, \`${command}\`, ${commit}, Node ${versions.node}, ${machine.cpus} CPUs (${machine.cpuModel}), ${formatBytes(machine.memoryBytes)}, Linux ${machine.kernel}; ${cores}.`,
    ...skipped.map((why) => `Skipped: ${why}.`),
    markdownTable([header, ...rows].map((row) => [...row])),
    note,
  ].join('\n\n')
}
