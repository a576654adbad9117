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

/** All answers as tables, below what they were measured with. */
export function renderMarkdown(about: About, answers: readonly { question: Question; answer: Answer }[]): string {
  const { startedAt, command, machine, versions, git, isPinned, skipped } = about
  const commit = git ? `commit ${git.commit.slice(0, 7)}${git.dirty ? ' with changes' : ''}, ` : ''
  const cores = isPinned ? 'one core for the tool, one for the server' : 'nothing pinned'
  return [
    `${startedAt.slice(0, 16).replace('T', ' ')} UTC, \`${command}\`, ${commit}Node ${versions.node}, ${machine.cpus} CPUs (${machine.cpuModel}), ${formatBytes(machine.memoryBytes)}, Linux ${machine.kernel}; ${cores}.`,
    ...skipped.map((why) => `Skipped: ${why}.`),
    ...answers.flatMap(({ question, answer }) => [
      `### ${question.title}`,
      markdownTable([answer.header, ...answer.rows].map((row) => [...row])),
      answer.note,
    ]),
  ].join('\n\n')
}
