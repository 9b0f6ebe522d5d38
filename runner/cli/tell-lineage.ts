import { resolve } from 'node:path'
import { GmError } from '../base/error.ts'
import { openLineageWriter } from '../docs/openlineage/event-writer.ts'
import type { OpenLineageSettings } from '../project/openlineage.ts'
import type { Connection } from '../project/project.ts'
import type { RunEvent } from '../run/event.ts'
import { compileForDocs } from './compile-for-docs.ts'
import type { EventSink } from './event-sink.ts'
import { fileSink, httpSink } from './event-sink.ts'
import type { Io } from './io.ts'
import type { OpenProject } from './open-project.ts'
import { packageVersion } from './package-version.ts'
import { projectLineage } from './project-lineage.ts'

/** Hears a run's events and tells them as OpenLineage. */
export interface LineageTeller {
  hear(event: RunEvent): void
  /** @returns a sentence about what could not be told; undefined when all was */
  close(): Promise<string | undefined>
}

/**
 * Tells a run to a file or an endpoint as it goes on; undefined where nobody asked for it. Nothing of it can fail the run.
 * @param flag where to, over all settings
 * @throws GmError GM1010 where the URL holds a user or a password: nothing has begun yet
 */
export async function tellLineage(
  flag: string | undefined,
  opened: OpenProject,
  connection: Connection,
  io: Io,
): Promise<LineageTeller | undefined> {
  const { project, manifest } = opened
  const settings = project.openlineage
  const to = flag ?? settings.to
  if (to === undefined || settings.isDisabled) return undefined
  const sink = openSink(to, settings, project.root, io)
  const compile = compileForDocs(opened)
  const sqlTexts = new Map<string, string | undefined>()
  const version = packageVersion()
  const write = openLineageWriter({
    manifest,
    lineage: await projectLineage(opened),
    server: {
      // The folder of a socket is a path of this machine.
      host: connection.host.startsWith('/') ? 'localhost' : connection.host,
      port: connection.port,
      database: connection.database,
    },
    producer: `urn:gm-transform:${version}`,
    project: project.name,
    namespace: settings.namespace,
    version,
    sqlOf: (node) => {
      if (!settings.sql) return undefined
      if (!sqlTexts.has(node.id)) sqlTexts.set(node.id, compile(node).sql)
      return sqlTexts.get(node.id)
    },
    safe: io.safe,
    now: io.now,
  })
  return {
    hear: (event) => {
      const written = write(event)
      if (written !== undefined) sink.send(written)
    },
    close: async () => {
      const problem = await sink.close()
      return problem === undefined ? undefined : io.safe(`OpenLineage ${problem}`)
    },
  }
}

function openSink(
  to: string,
  { endpoint, apiKey }: OpenLineageSettings,
  root: string,
  io: Io,
): EventSink {
  if (!/^https?:\/\//.test(to)) return fileSink(resolve(root, to))
  const url = new URL(to)
  if (url.username !== '' || url.password !== '') {
    throw new GmError('GM1010', 'the URL for OpenLineage holds a user or a password', {
      hint: 'Give the key in OPENLINEAGE_API_KEY; it is sent as a bearer token.',
    })
  }
  io.addSecret(apiKey)
  if (url.pathname === '/') url.pathname = endpoint
  return httpSink({ url: url.href, apiKey })
}
