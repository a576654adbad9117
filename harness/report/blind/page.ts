import { basename } from 'node:path'
import { type BlindTrial, type MatrixRow, matrixOf, type Score, scoreOf, tallyOf } from '../../blind-trial.ts'
import { table } from '../page/chart.ts'
import { type Content, type Html, html } from '../page/html.ts'
import { renderPage } from '../page/shell.ts'
import { formatSlowest, shareOf } from './text.ts'

/** All that the reports of blind runs are made from. */
export interface BlindReport {
  readonly seed: number
  readonly trials: readonly BlindTrial[]
  /** How many were asked for. */
  readonly planned: number
  readonly commit: string
}

const sections = [
  ['wrong', 'wrong', 'Wrong accusations', 'Something was named that was not there: the worst that can happen.'],
  ['not-known', 'not known', 'Not known', 'Nothing wrong was named, but a cause that had to be named was not.'],
  ['no-effect', 'no effect', 'No effect', 'The fault did nothing, by its own traces: these runs do not count.'],
] as const

/** blind.html: whether the verdict names what was really done, nothing more and nothing less. */
export function renderBlindPage(report: BlindReport): string {
  const { seed, trials, planned } = report
  return renderPage({
    title: `blind, seed ${seed}: ${titleOf(report)} · Culprit`,
    main: html`${head(report)}
<nav aria-label="Sections"><ul><li><a href="#matrix">Drawn against named</a></li>
${sections.map(([id, , title]) => html`<li><a href="#${id}">${title}</a></li>`)}
<li><a href="#runs">Every run</a></li><li><a href="#repeat">Repeat it</a></li></ul></nav>
<section id="matrix" aria-labelledby="matrix-title"><h2 id="matrix-title">Drawn against named</h2>
${matrix(trials)}</section>
${sections.map(([id, score, title, meaning]) => {
  const found = trials.filter((trial) => scoreOf(trial) === score)
  return html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}: ${found.length}</h2>
<p class="dim">${meaning}</p>
${found.length === 0 ? html`<p>None.</p>` : found.map(missed)}</section>
`
})}
<section id="runs" aria-labelledby="runs-title"><h2 id="runs-title">Every run</h2>
${everyRun(trials)}</section>
<section id="repeat" aria-labelledby="repeat-title"><h2 id="repeat-title">Repeat it</h2>
<p>Runs that are there already are kept, and judged again by the present code.</p>
<pre class="command">npm run blind -- --seed ${seed} --runs ${planned}</pre></section>`,
  })
}

function titleOf({ trials }: BlindReport): string {
  const { by, counted } = tallyOf(trials)
  if (by.wrong > 0) return `${by.wrong} wrong ${by.wrong === 1 ? 'accusation' : 'accusations'}`
  return counted === 0 ? 'no run that counts' : `${by.right} of ${counted} right`
}

function head(report: BlindReport): Html {
  const { seed, trials, planned, commit } = report
  const tallied = tallyOf(trials)
  const { by, counted, noEffect } = tallied
  return html`<header>
<p class="dim">Culprit · <strong>blind</strong> · seed ${seed} · ${describeCommit(commit)}</p>
<h1>${titleOf(report)[0]?.toUpperCase()}${titleOf(report).slice(1)}</h1>
<p class="lead">Of ${counted} runs, ${shareOf('right', tallied)} named exactly what was done, ${shareOf('not known', tallied)} named less, and ${shareOf('wrong', tallied)} accused something that was not there.</p>
<ul class="cards">
<li><h2>What was tested</h2><p>Real faults, pairs of them and none, drawn from a seed, were done to a light load. Each verdict was made by another process, on a copy of the record without anything that could tell.</p></li>
<li class="${by.wrong > 0 ? 'bad' : counted === 0 ? 'unsure' : 'good'}"><h2>Wrong accusations</h2><p>${by.wrong} of ${counted}.</p></li>
<li class="${by['not known'] > 0 ? 'unsure' : 'good'}"><h2>Not known</h2><p>${by['not known']} of ${counted}; each has its reason below.</p></li>
<li class="${noEffect > 0 || trials.length < planned ? 'unsure' : 'good'}"><h2>What is missing</h2><p>${
    noEffect === 0 ? 'Every fault took effect' : `In ${noEffect} of ${trials.length} runs the fault did nothing`
  }${trials.length < planned ? `; ${planned - trials.length} of ${planned} runs are not done` : ''}. The slowest run took ${formatSlowest(trials)}.</p></li>
</ul>
</header>`
}

/** As `describeCommit` of the command line gives it: a hash, `+` for changes since, or `none`. */
function describeCommit(commit: string): string {
  const [, hash, changed] = /^([0-9a-f]{12})[0-9a-f]*(\+?)$/.exec(commit) ?? []
  return hash === undefined ? `commit ${commit}` : `commit ${hash}${changed ? ' with changes' : ''}`
}

function matrix(trials: readonly BlindTrial[]): Html {
  if (trials.length === 0) return html`<p>No run is done.</p>`
  const { causes, rows } = matrixOf(trials)
  return html`<p class="legend">A line for each fault at any intensity; how many runs had each cause in their verdict.
<span class="answer right">✓</span> had to be named, <span class="answer wrong">✗</span> had not.</p>
${table(
  'The confusion matrix',
  [
    'Drawn',
    'Right',
    'Not known',
    'Wrong',
    'No effect',
    ...causes.map((cause) => html`named <br>${cause}`),
    html`named <br>nothing`,
  ],
  rows.map((row) => [
    row.label,
    ...(['right', 'not known', 'wrong', 'no effect'] as const).map((score) => tallyCell(score, row.by[score])),
    ...causes.map((cause, index) => namedCell(row, cause, row.named[index] ?? 0)),
    row.namedNone === 0 ? '' : nothingCell(row),
  ]),
  'figures',
)}`
}

function tallyCell(score: Score, count: number): Content {
  return count === 0 ? '' : html`<span class="answer ${className(score)}">${count}</span>`
}

function namedCell({ drawn }: MatrixRow, cause: string, count: number): Content {
  if (count === 0) return ''
  const isRight = drawn.includes(cause)
  return html`<span class="answer ${isRight ? 'right' : 'wrong'}">${count} ${isRight ? '✓' : '✗'}</span>`
}

function nothingCell({ drawn, namedNone }: MatrixRow): Content {
  return drawn.length === 0
    ? html`<span class="answer right">${namedNone} ✓</span>`
    : html`<span class="answer not-known">${namedNone}</span>`
}

/** A run that was not right: what it was, why, and the way to look again. */
function missed(trial: BlindTrial): Html {
  const { index, drawn, named, tookEffect, reasons, effect, replay } = trial
  return html`<article class="missed" aria-labelledby="run-${index}"><h3 id="run-${index}">Run ${index}: ${describeFaults(trial)}</h3>
<p>Had to be named: <strong>${list(drawn)}</strong>. Was named: <strong>${list(named)}</strong>.</p>
${tookEffect ? html`<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>` : html`<p>${effect}</p>`}
<p>Record: ${recordLink(trial)}. Again:</p>
<pre class="command">${replay}</pre></article>
`
}

function everyRun(trials: readonly BlindTrial[]): Html {
  return table(
    'Every run',
    ['Run', 'Done', 'Had to be named', 'Was named', 'Score', 'Took effect', 'Record'],
    trials.map((trial) => [
      String(trial.index),
      describeFaults(trial),
      list(trial.drawn),
      list(trial.named),
      html`<span class="answer ${className(scoreOf(trial))}">${scoreOf(trial)}</span>`,
      trial.faults.length === 0 ? 'nothing was done' : trial.effect,
      recordLink(trial),
    ]),
  )
}

/** The run's own page, which lies in a folder beside this one. */
function recordLink({ run, index }: BlindTrial): Html {
  return html`<a href="${basename(run)}/report.html">page of run ${index}</a>`
}

function describeFaults({ faults }: BlindTrial): string {
  return faults.join(' + ') || 'no fault'
}

function list(causes: readonly string[]): string {
  return causes.join(', ') || 'nothing'
}

function className(score: Score): string {
  return score.replaceAll(' ', '-')
}
