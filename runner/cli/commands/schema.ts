import type { CommandAction } from '../command-spec.ts'
export const schemaCommand: CommandAction = () => Promise.reject(new Error('not yet'))
