/**
 * gm for programs: read a project, look at its nodes, compile and run them, follow what happens as events.
 * Everything else is internal and may change.
 */
export type { Code } from './base/codes.ts'
export { GmError, GmErrors } from './base/error.ts'
export type { Location } from './base/location.ts'
export { compileNode } from './compile/compile-node.ts'
export type { Compiled, CompileState } from './compile/compiled.ts'
export type { Adapter, Session } from './engine/adapter.ts'
export { createPostgresAdapter } from './engine/postgres/postgres-adapter.ts'
export { buildGraph } from './graph/build-graph.ts'
export { checkNodeConfig } from './manifest/config-schema.ts'
export type { Manifest, Node, NodeId, NodeKind, Relation } from './manifest/node.ts'
export type {
  OwnBuild,
  OwnMaterializer,
  OwnStatement,
  OwnWork,
} from './materialize/own-materialization.ts'
export { diskFiles } from './parse/disk-files.ts'
export { parseProject } from './parse/parse-project.ts'
export type { Plan, Step } from './plan/plan.ts'
export { loadProject } from './project/load-project.ts'
export type { Connection, Project } from './project/project.ts'
export type { RunEvent, RunResult, StepResult } from './run/event.ts'
export { planProject } from './run/plan-project.ts'
export { runProject } from './run/run-project.ts'
export type { RunRequest } from './run/run-request.ts'
export { selectNodes } from './select/select-nodes.ts'
