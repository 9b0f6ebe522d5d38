// Run by `npm run build` after tsc, which writes files without the executable bit.
import { chmodSync } from 'node:fs'

const main = new URL('../../dist/runner/cli/main.js', import.meta.url)
chmodSync(main, 0o755)
