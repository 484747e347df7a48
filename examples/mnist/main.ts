/** `npx -y pnpm@12 mnist`: the introductory program on real data (program.ts). Options: --help. */
import { nodeHost } from '../lib/host/node.ts'
import { command, runProgram } from '../lib/host/run.ts'
import { parseOptions, usage } from './options.ts'

await command(async () => {
  const options = parseOptions(process.argv.slice(2))
  if (options === null) nodeHost.print(usage)
  else await runProgram(new URL('program.ts', import.meta.url), options)
})
