import type { CommandAction } from '../command-spec.ts'
export const compileCommand: CommandAction = () => Promise.reject(new Error('not yet'))
