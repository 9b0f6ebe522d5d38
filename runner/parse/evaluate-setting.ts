import type { EvaluateSetting, SettingScope } from '../project/render-settings.ts'
import { createTemplates } from '../template/create-templates.ts'
import type { Scope } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import { envFunction } from './env-function.ts'
import { varValue } from './var-value.ts'

const NO_MACROS = createTemplates([])

/** The value of a text in project.yml or a properties file: `var`, `env_var`, `target` and `project_name` are there. */
export const evaluateSetting: EvaluateSetting = (text, scope) =>
  NO_MACROS.evaluate({ file: 'a setting', text }, settingScope(scope))

function settingScope({ projectName, vars, env, envAllowed, target }: SettingScope): Scope {
  return {
    values: {
      project_name: projectName,
      var: varValue(vars),
      ...(target !== undefined && {
        target: new TemplateObject('target', {
          values: {
            name: target.name,
            schema: target.schema,
            database: target.database,
            dbname: target.database,
            type: 'postgres',
          },
        }),
      }),
    },
    functions: {
      env_var: envFunction({ env, envAllowed }),
    },
  }
}
