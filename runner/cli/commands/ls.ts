import type { CommandAction } from '../command-spec.ts'
export const lsCommand: CommandAction = () => Promise.reject(new Error('not yet'))
