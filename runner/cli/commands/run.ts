import type { CommandAction } from '../command-spec.ts'
export const buildCommand: CommandAction = () => Promise.reject(new Error('not yet'))
export const runCommand: CommandAction = () => Promise.reject(new Error('not yet'))
export const seedCommand: CommandAction = () => Promise.reject(new Error('not yet'))
export const snapshotCommand: CommandAction = () => Promise.reject(new Error('not yet'))
export const testCommand: CommandAction = () => Promise.reject(new Error('not yet'))
