import type { CommandAction } from '../command-spec.ts'
export const demoCommand: CommandAction = () => Promise.reject(new Error('not yet'))
