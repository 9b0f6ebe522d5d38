import type { CommandAction } from '../command-spec.ts'
export const showCommand: CommandAction = () => Promise.reject(new Error('not yet'))
