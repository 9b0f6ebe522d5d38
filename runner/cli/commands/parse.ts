import type { CommandAction } from '../command-spec.ts'
export const parseCommand: CommandAction = () => Promise.reject(new Error('not yet'))
