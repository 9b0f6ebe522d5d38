import { join } from 'node:path'
import type { Topic } from '../../docs/build-site.ts'
import type { RelationFacts } from '../../docs/relation-facts.ts'
import { relationFacts } from '../../docs/relation-facts.ts'
import { serveSite } from '../../docs/serve-site.ts'
import { writeSite } from '../../docs/write-site.ts'
import { packageFolder } from '../../project/package-folder.ts'
import type { History } from '../../state/history.ts'
import { readHistory } from '../../state/history.ts'
import type { CommandAction } from '../command-spec.ts'
import { compileForDocs } from '../compile-for-docs.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import { DocsGenerateFlags, DocsServeFlags, parseFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { packageVersion } from '../package-version.ts'
import { readProjectFile } from '../read-project-file.ts'
import { plural } from '../render/format.ts'
import { watchSignals } from '../watch-signals.ts'

/** Runs on the list of runs; runs shown step by step; results kept for each node. */
const HISTORY = { runs: 200, wholeRuns: 20, stepsPerNode: 30 } as const

interface Warehouse {
  readonly relations: ReadonlyMap<string, RelationFacts>
  readonly history: History | undefined
}

/** Writes the docs site to target/docs. */
export const docsGenerateCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(DocsGenerateFlags, raw)
  const opened = openProject(flags, io)
  const { project, manifest } = opened
  const warehouse = flags.emptyCatalog ? undefined : await readWarehouse(opened, io)
  const folder = join(project.root, project.paths.target, 'docs')
  const written = writeSite(
    {
      manifest,
      version: packageVersion(),
      target: project.target.name,
      generatedAt: io.now(),
      relations: warehouse?.relations,
      history: warehouse?.history,
      compile: flags.compile ? compileForDocs(opened) : () => ({}),
      readText: (file) => readProjectFile(project.root, file),
      topics: await topics(),
    },
    folder,
    join(packageFolder(), 'dist', 'site'),
    io.safe,
  )
  if (!flags.quiet) {
    io.out(`${plural(written.pageCount, 'page')} written to ${project.paths.target}/docs\n`)
    io.out(`Open ${join(folder, 'index.html')}, or run: gm docs serve\n`)
  }
  return EXIT.ok
}

/** Serves target/docs on this machine until it is interrupted. */
export const docsServeCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(DocsServeFlags, raw)
  const { project } = openProject(flags, io)
  const { signal, stop } = watchSignals(() => undefined)
  try {
    const site = await serveSite({
      folder: join(project.root, project.paths.target, 'docs'),
      host: flags.host,
      port: flags.port,
    })
    io.out(`${site.url}\nCtrl-C ends it.\n`)
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => {
        resolve()
      })
    })
    await site.close()
    return EXIT.ok
  } finally {
    stop()
  }
}

async function readWarehouse({ project, manifest }: OpenProject, io: Io): Promise<Warehouse> {
  const warehouse = await connect(project, io)
  try {
    const session = await warehouse.adapter.open()
    try {
      const relations = [...manifest.nodes.values()].flatMap((node) =>
        'relation' in node ? [node.relation] : [],
      )
      return {
        relations: await relationFacts(session, relations),
        history: await readHistory(session, project.name, HISTORY),
      }
    } finally {
      await session.close()
    }
  } finally {
    await warehouse.close()
  }
}

async function topics(): Promise<readonly Topic[]> {
  const { landingTopics } = await import('../../../ingest/index.ts')
  return landingTopics()
}
