import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildAddon } from '../packages/backend-cuda/scripts/build-addon.ts'
import { bundlePackage } from './bundle.ts'
import { withoutCuda } from './compilers.ts'
import { publishable, tool } from './workspace.ts'

// `pnpm build`: compiles the published packages into packages/*/dist and checks them as a user's installation would.

const directories = publishable().map(({ directory }) => directory)

// From nothing, so that no file of a deleted source stays.
for (const path of ['dist', '.tsbuildinfo'])
  for (const directory of directories) rmSync(join(directory, path), { recursive: true, force: true })

// tsc orders the projects by their references.
tool('typescript/bin/tsc', '-b', ...directories)

// tsc rewrites the extension in an import, but not in the URL of a worker: new URL('./worker.ts', import.meta.url).
for (const file of directories.flatMap(directory => globSync(join(directory, 'dist/**/*.js')))) {
  const code = readFileSync(file, 'utf8')
  const rewritten = code.replace(/(new URL\((['"])\.{1,2}\/[^'"]+)\.ts(\2, import\.meta\.url\))/g, '$1.js$3')
  if (rewritten !== code) writeFileSync(file, rewritten)
}

for (const pkg of publishable()) await bundlePackage(pkg)

const withoutAddon = withoutCuda()
if (withoutAddon === undefined) await buildAddon()
else console.log(`The native addon of backend-cuda is not built: ${withoutAddon}`)

await import('./check-packages.ts')
