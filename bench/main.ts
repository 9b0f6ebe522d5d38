import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { atomic } from './cases/atomic.ts'
import { demo } from './cases/demo.ts'
import { docs } from './cases/docs.ts'
import { generate } from './cases/generate.ts'
import { history } from './cases/history.ts'
import { kafka, kafkaMemory } from './cases/kafka.ts'
import { landing } from './cases/landing.ts'
import { lineage } from './cases/lineage.ts'
import { lsp } from './cases/lsp.ts'
import { merge } from './cases/merge.ts'
import { microbatch } from './cases/microbatch.ts'
import { nothing } from './cases/nothing.ts'
import { parse } from './cases/parse.ts'
import { realtime, realtimeHeld } from './cases/realtime.ts'
import { rerun } from './cases/rerun.ts'
import { version } from './cases/version.ts'
import type { Case, Finding } from './finding.ts'
import type { Pair } from './measure.ts'
import { compare } from './measure.ts'

const CASES: Readonly<Record<string, Case>> = {
  version,
  parse,
  lineage,
  rerun,
  nothing,
  atomic,
  merge,
  history,
  microbatch,
  landing,
  generate,
  kafka,
  'kafka-memory': kafkaMemory,
  realtime,
  'realtime-held': realtimeHeld,
  demo,
  docs,
  lsp,
}
const RESULTS = join(import.meta.dirname, 'RESULTS.md')
const HEAD = `# Results

Made by \`npm run bench [case…]\` on built code. Seconds are medians of child processes; ratios are medians of paired runs, ours over the floor.
The calibration line is a fixed loop of hashing in the same run: it tells how fast the machine was.
`

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in CASES))
  if (unknown.length > 0)
    throw new Error(`no case ${unknown.join(', ')}; there are ${Object.keys(CASES).join(', ')}`)
  const chosen = names.length === 0 ? Object.keys(CASES) : names
  const findings: Finding[] = []
  for (const name of chosen) {
    console.error(`bench: ${name}`)
    findings.push(...((await CASES[name]?.()) ?? []))
  }
  const calibration = await compare({ ours: CALIBRATION, rounds: 3 })
  const section = render(findings, calibration)
  console.log(section)
  const before = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8').slice(HEAD.length) : ''
  writeFileSync(RESULTS, HEAD + section + before)
}

const CALIBRATION = {
  argv: [
    process.execPath,
    '-e',
    `const { createHash } = require('crypto'); let h = 'x'; for (let i = 0; i < 300000; i++) h = createHash('sha256').update(h).digest('hex')`,
  ],
}

function render(findings: readonly Finding[], calibration: Pair): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const isDirty =
    execFileSync('git', ['status', '--porcelain', 'runner', 'ingest'], { encoding: 'utf8' }) !== ''
  const number = (value: number | undefined, digits: number): string =>
    value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits)
  const rows = findings.map(
    ({ name, floorName, pair, target, isMet }) =>
      `| ${[
        name,
        number(pair.ours.wallSeconds, 3),
        number(pair.ours.cpuSeconds, 3),
        number(pair.ours.peakMiB, 0),
        floorName,
        number(pair.floor?.wallSeconds, 3),
        number(pair.floor?.cpuSeconds, 3),
        number(pair.wallRatio, 2),
        number(pair.cpuRatio, 2),
        target,
        target === 'none' ? '' : isMet ? 'met' : '**missed**',
      ].join(' | ')} |`,
  )
  return `
## ${new Date().toISOString().slice(0, 10)}, commit ${commit}${isDirty ? ' and uncommitted changes' : ''}

Node ${process.version}; calibration ${number(calibration.ours.cpuSeconds, 3)} CPU s.

| what | wall s | CPU s | peak MiB | floor | wall s | CPU s | wall ratio | CPU ratio | target | |
|---|---|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}
`
}

await main(process.argv.slice(2))
