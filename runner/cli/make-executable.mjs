// Run by `npm run build` after tsc, which writes files without the executable bit.
import { chmodSync } from 'node:fs'

chmodSync(new URL('../../dist/runner/cli/main.js', import.meta.url), 0o755)
