import type { Browser } from 'playwright-core'
import { inject } from 'vitest'
import { openChromium } from './open-chromium.ts'

/** A new process of the Chromium that start-chromium.ts found; close it. */
export async function launchChromium(): Promise<Browser> {
  return await openChromium(inject('chromium'))
}
