import { existsSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { installPackages } from './install-packages.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The program of a Chromium; empty where there is none. */
    readonly chromium: string
  }
}

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/**
 * vitest globalSetup: the Chromium of GM_CHROMIUM or of the system; on a Debian where the tests may install packages it
 * is installed. Where none can be had the browser's tests are skipped, and fail in CI.
 */
export default function startChromium(tests: TestProject): void {
  const found = process.env.GM_CHROMIUM ?? PLACES.find((place) => existsSync(place)) ?? install()
  if (found === undefined) {
    const message = 'no Chromium here: install it, or name its program in GM_CHROMIUM'
    if (process.env.CI !== undefined) throw new Error(message)
    console.warn(`${message}; the tests that need a browser are skipped`)
  }
  tests.provide('chromium', found ?? '')
}

function install(): string | undefined {
  return installPackages('chromium') ? PLACES.find((place) => existsSync(place)) : undefined
}
