/** `npx -y pnpm@12 example backprop`: the backpropagation equations by hand, compared with `grad` (program.ts). */
import { nodeHost } from '../lib/host/node.ts'
import { backendOption, backendsOf, readOptions } from '../lib/host/options.ts'
import { command, runProgram } from '../lib/host/run.ts'

await command(async () => {
  const { backend, help } = readOptions(process.argv.slice(2), { backend: { type: 'string' }, help: { type: 'boolean' } })
  if (help === true) nodeHost.print(`backprop [options]\n\n${backendOption}`)
  else await runProgram(new URL('program.ts', import.meta.url), { backend: backendsOf(backend) })
})
