/** `npx -y pnpm@12 mnist`: the introductory program on real data (program.ts). Options: --help. */
import { runExample } from '../lib/host/run.ts'
import { parseOptions, usage } from './options.ts'

await runExample(import.meta.url, usage, parseOptions)
