// Plain JavaScript that any Node can read: it runs before the first TypeScript file is loaded.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  process.stderr.write(
    [
      `culprit needs Node 24 or newer; this is Node ${process.versions.node} (${process.execPath}).`,
      'On Linux x64 "npm ci" brings Node 24 along, and "npm run ..." and "npx ..." use it.',
      'Start it that way (npm run scenario high-load), or put a Node 24 first on PATH.',
      'If "npm ci" was run with --omit=optional, run it again without.',
      '',
    ].join('\n'),
  )
  process.exit(5)
}
