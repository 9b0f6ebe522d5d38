import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import type { Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { eventText, hasKafka, test } from '../../runner/testing/kafka-fixture.ts'
import {
  FAULTLESS,
  findFaults,
  produceSteadily,
  startIngestor,
  writeConnection,
} from '../../runner/testing/landing-rig.ts'

const isRoot = process.getuid?.() === 0

describe.runIf(hasKafka())('outages', () => {
  test('a network that carries nothing for some seconds, then breaks, loses and doubles nothing', {
    timeout: 90_000,
  }, async ({ kafka, sql, connection, ingestYml, until }) => {
    const topic = await kafka.topic(3)
    const root = await ingestYml([topic])
    const proxy = await startProxy(connection.port)
    await writeConnection(root, { ...connection, password: connection.password, port: proxy.port })
    const ingestor = startIngestor(root)
    const producing = produceSteadily(kafka.address, topic.name, 1_000)
    try {
      await ingestor.until('claimed')
      for (const ms of [3_000, 1_000, 500]) {
        await sleep(1_000)
        proxy.hold()
        await sleep(ms)
        proxy.release()
      }
      await sleep(500)
      proxy.cut()
      await sleep(1_000)
      const sent = await producing.stop()
      await until(`select count(*) >= ${sent} from ${topic.table}`)
      expect(await findFaults(sql, kafka.admin, topic, sent)).toEqual(FAULTLESS)
    } finally {
      await producing.stop().catch(() => undefined)
      await ingestor.end('SIGKILL')
      proxy.close()
    }
  })

  test.skipIf(!isRoot)(
    'a full disk is waited out, and what came meanwhile lands once (skipped: must run as root)',
    {
      timeout: 90_000,
    },
    async ({ kafka, sql, connection, ingest, ingestYml, until }) => {
      const [{ data } = { data: '' }] = await sql<{ data: string }>(
        `select current_setting('data_directory') as data`,
      )
      const disk = await mkdtemp(join(tmpdir(), 'gm-disk-'))
      execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=12m', 'none', disk])
      const space = `gm_space_${randomBytes(4).toString('hex')}`
      try {
        const folder = join(disk, 'space')
        await mkdir(folder)
        execFileSync('chown', [`--reference=${data}`, folder])
        await chmod(disk, 0o755)
        await sql(`create tablespace ${space} location '${folder}'`)
        await sql(
          `alter role ${connection.user} in database ${connection.database} set default_tablespace = ${space}`,
        )
        const topic = await kafka.topic(2)
        const root = await ingestYml([topic])
        const ingestor = ingest(root)
        const count = 20_000
        for (let n = 0; n < count; n += 500) {
          const messages = Array.from({ length: 500 }, (_, i) => ({
            value: eventText(n + i, { text: 'x'.repeat(800) + randomBytes(400).toString('hex') }),
          }))
          await kafka.producer.send({ topic: topic.name, messages })
        }
        while (!ingestor.events.some((event) => event.type === 'retry')) await sleep(50)
        execFileSync('/bin/mount', ['-o', 'remount,size=200m', disk])
        await until(`select count(*) = ${count} from ${topic.table}`, 60_000)
        expect(await findFaults(sql, kafka.admin, topic, count)).toEqual(FAULTLESS)
        await ingestor.stop()
        await sql('drop schema raw cascade')
        await sql(
          `alter role ${connection.user} in database ${connection.database} reset default_tablespace`,
        )
        await sql(`drop tablespace ${space}`)
      } finally {
        execFileSync('/bin/umount', ['-l', disk])
        await rm(disk, { recursive: true, force: true })
      }
    },
  )
})

interface Proxy {
  readonly port: number
  /** Carries nothing, and says nothing about it. */
  hold(): void
  release(): void
  /** Breaks every connection. */
  cut(): void
  close(): void
}

async function startProxy(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk: Buffer) => to.write(chunk))
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const all = (work: (socket: Socket) => void): void => {
    for (const socket of sockets) work(socket)
  }
  return {
    port: address.port,
    hold: () => all((socket) => socket.pause()),
    release: () => all((socket) => socket.resume()),
    cut: () => all((socket) => socket.destroy()),
    close: () => {
      server.close()
      all((socket) => socket.destroy())
    },
  }
}
