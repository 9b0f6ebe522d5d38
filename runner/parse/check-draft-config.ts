import type { AnalysisNode, ModelNode } from '../manifest/node.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import { configLevels } from './config-levels.ts'
import { recordTemplate } from './record-template.ts'

/**
 * Checks what `config()` gives in the text of one node, without reading the rest of the project. What its configuration means
 * together with that of other files is for the parse of them all.
 * @throws GmError or GmErrors GM1002, GM1003, GM1008 for the configuration, and those of the template.
 */
export function checkDraftConfig(
  node: ModelNode | AnalysisNode,
  project: Project,
  templates: Templates,
): void {
  const { kind, name, package: owner } = node
  const file = { file: node.at.file, text: node.rawCode, package: owner }
  const { config } = recordTemplate(file, { templates, project, kind, name, package: owner })
  configLevels(project).check(kind, config, (at) => templates.placesOfCall(at, file))
}
