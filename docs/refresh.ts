/** `node scripts/launch.mjs docs/refresh.ts [page ...]`: writes what really happens into the expectations of the pages. Read the difference. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { init } from '@cotangent/core'
import { folders, modulesOf, pages, root, runModule, textOf, writeModules } from './pages.ts'
import { problemsOf, refreshed, showProblem } from './snippets.ts'

const chosen = process.argv.slice(2)
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
