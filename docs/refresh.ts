/**
 * `node scripts/launch.mjs docs/refresh.ts [page ...]`: writes what really happens into the expectations of the pages. Read the difference.
 * `... docs/refresh.ts operations`: writes the page of all operations from the op table.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { init } from '@cotangent/core'
import { operations, operationsPage } from './operations.ts'
import { folders, modulesOf, pages, root, runModule, textOf, writeModules } from './pages.ts'
import { problemsOf, refreshed, showProblem } from './snippets.ts'

const chosen = process.argv.slice(2).filter(page => page !== 'operations')
if (process.argv.includes('operations')) {
  mkdirSync(dirname(join(root, operationsPage)), { recursive: true })
  writeFileSync(join(root, operationsPage), await operations())
  if (chosen.length === 0) process.exit(0)
}
await init({ backend: 'cpu', threads: 1 })
for (const page of chosen.length > 0 ? chosen : pages) {
  const modules = modulesOf(page)
  writeModules(folders.node, modules)
  for (const { name, place } of modules) {
    if (place !== 'node') continue
    const problems = await problemsOf(() => runModule(name))
    if (problems.length === 0) continue
    console.log(problems.map(showProblem).join('\n\n'))
    writeFileSync(join(root, page), refreshed(textOf(page), problems))
  }
}
process.exit(0)
