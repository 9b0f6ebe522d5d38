import { join, resolve } from 'node:path'
import { gmErrorsOf } from '../../base/error.ts'
import { catalogArtifact } from '../../docs/artifacts/catalog-artifact.ts'
import { readFreshness } from '../../docs/artifacts/read-freshness.ts'
import { copyImages } from '../../docs/copy-images.ts'
import type { PageInput } from '../../docs/list-pages.ts'
import type { RelationFacts } from '../../docs/relation-facts.ts'
import { relationFacts } from '../../docs/relation-facts.ts'
import { sampleColumns } from '../../docs/sample-columns.ts'
import type { ColumnStatistics } from '../../docs/site-data.ts'
import { writeSite } from '../../docs/write-site.ts'
import type { Session } from '../../engine/adapter.ts'
import type { Node, NodeId } from '../../manifest/node.ts'
import { isPersonal } from '../../manifest/personal-data.ts'
import { quoted } from '../../manifest/quoted.ts'
import { packageFolder } from '../../project/package-folder.ts'
import type { CatalogColumn } from '../../sql/catalog.ts'
import { personalColumns } from '../../sql/personal-columns.ts'
import type { History } from '../../state/history.ts'
import { readHistory } from '../../state/history.ts'
import { artifactsOf } from '../artifacts.ts'
import type { CommandAction } from '../command-spec.ts'
import { compileForDocs } from '../compile-for-docs.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import type { GlobalFlags } from '../flags.ts'
import { DocsGenerateFlags, parseFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { packageVersion } from '../package-version.ts'
import { projectLineage } from '../project-lineage.ts'
import { readProjectFile } from '../read-project-file.ts'
import { plural } from '../render/format.ts'
import { tell } from '../tell.ts'
import { warn } from '../warn.ts'

/** Runs on the list of runs; runs shown step by step; results kept for each node. */
const HISTORY = { runs: 200, wholeRuns: 20, stepsPerNode: 30 } as const

interface Warehouse {
  readonly relations: ReadonlyMap<string, RelationFacts>
  readonly history: History | undefined
  readonly statistics: PageInput['statistics']
}

/** Writes the docs site to target/docs, and manifest.json and catalog.json beside it for dbt's readers. */
export const docsGenerateCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(DocsGenerateFlags, raw)
  const opened = openProject(flags, io)
  const { project, manifest } = opened
  const warehouse = flags.emptyCatalog ? undefined : await readWarehouse(opened, flags, io)
  const known = new Map<NodeId, string>()
  const lineage = flags.compile
    ? await projectLineage(withoutTests(opened), {
        known: (node) => columnsOf(node, warehouse),
        onCompiled: (node, sql) => known.set(node.id, sql),
      })
    : undefined
  const folder = resolve(project.root, project.paths.target, 'docs')
  const written = writeSite(
    {
      manifest,
      version: packageVersion(),
      target: project.target.name,
      generatedAt: io.now(),
      relations: warehouse?.relations,
      history: warehouse?.history,
      statistics: warehouse?.statistics ?? new Map(),
      lineage,
      compile: flags.compile ? compileForDocs(opened, known) : () => ({}),
      readText: (file) => readProjectFile(project.root, file),
      topics: await landingTopics(),
      freshness: readFreshness(
        readProjectFile(project.root, join(project.paths.target, 'sources.json')),
      ),
    },
    folder,
    join(packageFolder(), 'dist', 'site'),
    io.safe,
  )
  copyImages(project.root, project.paths.assets, folder)
  const artifacts = artifactsOf('docs generate', opened, flags, io)
  await artifacts.manifest()
  const relations = [...(warehouse?.relations.values() ?? [])]
  const { invocation } = artifacts
  await artifacts.other(
    'catalog.json',
    catalogArtifact({ project, manifest, relations, invocation, now: io.now() }),
  )
  const index = join(folder, 'index.html')
  const text = `${plural(written.pageCount, 'page')} written.\nOpen ${index}, or run: gm docs serve\n`
  tell('docs-written', { pages: written.pageCount, index }, text, flags, io)
  return EXIT.ok
}

/** What the database knows; a warning and undefined where it cannot be asked: the rest of the site is worth having. */
async function readWarehouse(
  opened: OpenProject,
  flags: GlobalFlags,
  io: Io,
): Promise<Warehouse | undefined> {
  const { project, manifest } = opened
  try {
    const warehouse = await connect(project, io)
    try {
      const session = await warehouse.adapter.open()
      try {
        const relations = [...manifest.nodes.values()].flatMap((node) =>
          'relation' in node ? [node.relation] : [],
        )
        const facts = await relationFacts(session, relations)
        return {
          relations: facts,
          statistics: await sampleAll(session, opened, facts),
          history: await readHistory(session, project.name, HISTORY),
        }
      } finally {
        await session.close()
      }
    } finally {
      await warehouse.close()
    }
  } catch (thrown) {
    const errors = gmErrorsOf(thrown)
    if (errors === undefined) throw thrown
    warn(errors, project.root, flags, io)
    io.err('The site has no types, sizes and results: the database could not be asked.\n')
    return undefined
  }
}

/** Figures of the relations whose configuration asks for them: `docs: {statistics: true}`. */
async function sampleAll(
  session: Session,
  opened: OpenProject,
  relations: Warehouse['relations'],
): Promise<PageInput['statistics']> {
  const { manifest } = opened
  const sampled = new Map<string, ReadonlyMap<string, ColumnStatistics>>()
  const asked = [...manifest.nodes.values()].filter((node) => node.config.docs?.statistics === true)
  if (asked.length === 0) return sampled
  // A copy of personal data is personal data, whether pages show lineage or not.
  const lineage = await projectLineage(withoutTests(opened), {
    known: (node) =>
      'relation' in node ? relations.get(quoted(node.relation))?.columns : undefined,
  })
  const personal = personalColumns(manifest, lineage)
  for (const node of asked) {
    if (!('relation' in node) || isPersonal(node.config.meta)) continue
    const name = quoted(node.relation)
    const facts = relations.get(name)
    if (facts === undefined) continue
    const marked = personal.get(node.id)
    const isPrivate = (column: string): boolean => marked?.has(column) === true
    sampled.set(name, await sampleColumns(session, facts, isPrivate))
  }
  return sampled
}

/** The columns of a test's query are of no account to readers of pages. */
function withoutTests(opened: OpenProject): OpenProject {
  const { manifest, order } = opened
  return { ...opened, order: order.filter((id) => manifest.nodes.get(id)?.kind !== 'test') }
}

function columnsOf(
  node: Node,
  warehouse: Warehouse | undefined,
): readonly CatalogColumn[] | undefined {
  return 'relation' in node ? warehouse?.relations.get(quoted(node.relation))?.columns : undefined
}

async function landingTopics() {
  const { landingTopics: topics } = await import('../../../ingest/index.ts')
  return await topics()
}
