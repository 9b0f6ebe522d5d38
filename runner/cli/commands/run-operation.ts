import { GmError } from '../../base/error.ts'
import { didYouMean } from '../../base/nearest.ts'
import { callOperation } from '../../compile/call-operation.ts'
import { wholeState } from '../../state/whole-state.ts'
import type { CommandAction } from '../command-spec.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import { OperationFlags, parseFlags } from '../flags.ts'
import { openProject } from '../open-project.ts'
import { sayTo } from '../say-to.ts'
import { tell } from '../tell.ts'

/** Calls a macro. Its queries may write, unlike those of models; each is committed by itself. */
export const runOperationCommand: CommandAction = async ([name], raw, io) => {
  const flags = parseFlags(OperationFlags, raw)
  const opened = openProject(flags, io)
  const { project, manifest, templates } = opened
  const macro = String(name)
  const found = templates.findMacro(macro)
  if (found === undefined) {
    throw new GmError('GM2005', `there is no macro "${macro}"`, {
      hint: didYouMean(
        macro,
        manifest.macros.map((known) => known.name),
      ),
    })
  }
  const warehouse = await connect(project, io, { mayTemplatesWrite: true })
  try {
    const state = wholeState(opened.project.vars, {
      runQuery: warehouse.runQuery,
      say: sayTo(project.root, flags, io, io.out),
    })
    callOperation(macro, flags.args, project, manifest, templates, state)
    tell('operation-end', { macro }, `${macro} is done.\n`, flags, io)
    return EXIT.ok
  } finally {
    await warehouse.close()
  }
}
