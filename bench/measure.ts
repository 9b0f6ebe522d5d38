import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hidePassword } from '../runner/base/hide-password.ts'

export interface Command {
  readonly argv: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** One finished process: what `time` in a shell would say, and its own peak memory. */
export interface Measurement {
  readonly wallSeconds: number
  /** User and system time of the process and the children that it waited for; servers that it talks to are not in it. */
  readonly cpuSeconds: number
  readonly peakMiB: number
}

const TIMES = /^gm-times ([0-9.]+) ([0-9.]+) ([0-9.]+)$/m

/**
 * Runs a command to its end. bash's `time` asks the kernel for the CPU time of the finished child.
 * @throws Error with the command's own words when it fails.
 */
export async function measure(command: Command): Promise<Measurement> {
  return await new Promise((resolve, reject) => {
    const child = spawn(
      'bash',
      ['-c', 'TIMEFORMAT="gm-times %R %U %S"; time "$@" 2>&3', 'bash', ...command.argv],
      {
        cwd: command.cwd,
        env: { ...process.env, ...command.env },
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      },
    )
    let said = ''
    let times = ''
    child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stdio[3]?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (times += chunk.toString()))
    let peakMiB = 0
    const watch = setInterval(() => {
      peakMiB = Math.max(peakMiB, peakOf(child.pid))
    }, 20)
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(watch)
      const [, wall, user, system] = TIMES.exec(times) ?? []
      if (code !== 0 || wall === undefined) {
        const words = `${command.argv.join(' ')} ended with ${String(code)}:\n${said}\n${times}`
        // It may end up in a table of results.
        reject(new Error(hidePassword(words)))
        return
      }
      resolve({ wallSeconds: Number(wall), cpuSeconds: Number(user) + Number(system), peakMiB })
    })
  })
}

/** The high-water mark of the largest process below the shell, in MiB; 0 where /proc does not tell. */
function peakOf(shell: number | undefined): number {
  if (shell === undefined) return 0
  try {
    const children = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ')
    return Math.max(
      0,
      ...children.filter(Boolean).map((pid) => {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8')
        return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
      }),
    )
  } catch {
    return 0
  }
}

export interface Pair {
  readonly ours: Measurement
  readonly floor: Measurement | undefined
  /** Medians of the ratios pair by pair, which hold when the machine's speed drifts. */
  readonly wallRatio: number | undefined
  readonly cpuRatio: number | undefined
  readonly rounds: number
}

interface Contest {
  readonly ours: Command
  readonly floor?: Command
  readonly rounds: number
  /** Puts the world back as it was, before each single run. */
  readonly before?: (who: 'ours' | 'floor') => Promise<void>
}

/**
 * Runs both in turn, A B A B …, after one round that does not count. Not A B B A: who comes twice running finds what it needs in the
 * server's memory, a quarter of its time.
 */
export async function compare(contest: Contest): Promise<Pair> {
  const ours: Measurement[] = []
  const floors: Measurement[] = []
  for (let round = 0; round <= contest.rounds; round++) {
    await contest.before?.('ours')
    const one = await measure(contest.ours)
    if (round > 0) ours.push(one)
    if (contest.floor === undefined) continue
    await contest.before?.('floor')
    const other = await measure(contest.floor)
    if (round > 0) floors.push(other)
  }
  const ratios = (of: (m: Measurement) => number): number | undefined =>
    floors.length === 0
      ? undefined
      : median(ours.map((m, i) => of(m) / Math.max(0.001, of(floors[i] ?? m))))
  return {
    ours: medians(ours),
    floor: floors.length === 0 ? undefined : medians(floors),
    wallRatio: ratios((m) => m.wallSeconds),
    cpuRatio: ratios((m) => m.cpuSeconds),
    rounds: contest.rounds,
  }
}

function medians(all: readonly Measurement[]): Measurement {
  return {
    wallSeconds: median(all.map((m) => m.wallSeconds)),
    cpuSeconds: median(all.map((m) => m.cpuSeconds)),
    peakMiB: Math.max(...all.map((m) => m.peakMiB)),
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}
