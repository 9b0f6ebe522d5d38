import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GmError } from '../../runner/base/error.ts'

export interface BrokerOptions {
  /** Folder with the jars, of `fetchJars`. */
  readonly jars: string
  /** Folder of its data, settings and log; a broker that was stopped there goes on. */
  readonly folder: string
  /** Port of the listener; a free one unless given. */
  readonly port?: number | undefined
  /** Settings over those of gm, as server.properties has them. */
  readonly settings?: Readonly<Record<string, string>> | undefined
  /** Logins that it knows from its first start, as Kafka's storage tool takes them. */
  readonly scram?: readonly string[] | undefined
}

export interface RunningBroker {
  /** `127.0.0.1:9092`. */
  readonly address: string
  readonly port: number
  readonly child: ChildProcess
  /** Ends it in order; `SIGKILL` ends it as a power cut would end the process. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

const CLUSTER = 'Z20gYSBicm9rZXIgMQAAAA'
const START_MS = 180_000

/**
 * Starts one Kafka broker in KRaft mode, for tests and for trying things out: one process, no replication.
 * @throws GmError GM7007 where it does not come up
 */
export async function startBroker(options: BrokerOptions): Promise<RunningBroker> {
  const { jars, folder } = options
  await mkdir(folder, { recursive: true })
  const port = options.port ?? (await freePort())
  const controller = await freePort()
  const properties = join(folder, 'server.properties')
  const data = join(folder, 'data')
  await writeFile(
    properties,
    settingsText({ ...defaults(port, controller, data), ...options.settings }),
  )
  const java = [
    // Small and quick to start: it lives for a test suite or a demo.
    ...['-Xmx256m', '-Xms256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto'],
    ...['-cp', join(jars, '*')],
  ]
  const log = join(folder, 'broker.log')
  const isFormatted = await stat(join(data, 'meta.properties')).catch(() => undefined)
  if (isFormatted === undefined) {
    const format = [
      ...['kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', properties, '--standalone'],
      ...(options.scram ?? []).flatMap((login) => ['--add-scram', login]),
    ]
    const child = spawn('java', [...java, ...format], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    if (code !== 0) throw notUp(said)
  }
  const child = spawn('java', [...java, 'kafka.Kafka', properties], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const listen = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-8_000)
  }
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  const ended = once(child, 'close')
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    child.kill(signal)
    if (child.exitCode === null && child.signalCode === null) await ended
  }
  const begin = performance.now()
  while (!(await answers(port))) {
    const isOver = child.exitCode !== null || performance.now() - begin > START_MS
    if (isOver) {
      await stop('SIGKILL')
      throw notUp(`${said}\n${await readFile(log, 'utf8').catch(() => '')}`)
    }
    await sleep(50)
  }
  return { address: `127.0.0.1:${port}`, port, child, stop }
}

function defaults(port: number, controller: number, data: string): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controller}`,
    listeners: `CLIENT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `CLIENT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'CLIENT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': data,
    'num.partitions': '3',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // Nobody has to be waited for: members come one by one and each wants to begin.
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    'log.cleaner.dedupe.buffer.size': '2000000',
    'log.index.size.max.bytes': '1048576',
    // Events of years ago are as good as those of today.
    'log.retention.ms': '-1',
    // Topics that are deleted and made again in a test have to be gone at once.
    'log.segment.delete.delay.ms': '100',
    'log.retention.check.interval.ms': '500',
    'log.initial.task.delay.ms': '500',
    'log.cleaner.backoff.ms': '200',
  }
}

function settingsText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

function notUp(said: string): GmError {
  const [first = 'it said nothing'] = said
    .split('\n')
    .filter((line) => /Exception|Error|rror:/.test(line))
  return new GmError('GM7007', `the Kafka broker did not come up: ${first}`, {
    hint: 'It needs Java 17 or newer and about 300 MB of memory.',
    cause: new Error(said),
  })
}

async function answers(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
