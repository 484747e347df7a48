/** `npx -y pnpm@12 example detection`: see README.md. Options: --help. */
import { runExample } from '../lib/host/run.ts'
import { parseOptions, usage } from './options.ts'

await runExample(import.meta.url, usage, parseOptions)
