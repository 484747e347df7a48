/** `npx -y pnpm@12 example speech`: see README.md. Options: --help. */
import { runExample } from '../lib/host/run.ts'
import { parseOptions, usage } from './options.ts'

await runExample(import.meta.url, usage, parseOptions)
