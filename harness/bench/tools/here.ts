import { isOnPath } from '../processes.ts'
import type { ProgramTool, Tool } from './tool.ts'

/** Why a program cannot be used; `null` where it can. */
export function whyMissing({ program, debianPackage }: Pick<ProgramTool, 'program' | 'debianPackage'>): string | null {
  return isOnPath(program) ? null : `${program} is not on PATH (Debian: ${debianPackage})`
}

/** Of all tools those that are asked for and here, and of each that is asked for and is not, why. */
export function chooseTools(all: readonly Tool[], { names, isQuick }: { names?: readonly string[]; isQuick: boolean }) {
  const isAsked = (tool: Tool) =>
    names?.includes(tool.name) ?? (tool.kind === 'program' || !isQuick || tool.isQuick === true)
  const asked = all
    .filter(isAsked)
    .map((tool) => ({ tool, missing: tool.kind === 'program' ? whyMissing(tool) : null }))
  return {
    tools: asked.filter(({ missing }) => missing === null).map(({ tool }) => tool),
    skipped: asked.map(({ missing }) => missing).filter((why) => why !== null),
  }
}
