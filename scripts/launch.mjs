// Runs a file with the pinned Node and the packages' sources: node scripts/launch.mjs FILE [ARGUMENTS]
// Plain JavaScript, so that an old system Node can say what is missing instead of failing in a puzzling way.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Brought by the npm package `node`. */
const pinnedNode = `node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`

/** What an install leaves behind: the pinned Node, the tools, and the links between the packages. */
const needed = [
  pinnedNode,
  'node_modules/vitest',
  'node_modules/typescript',
  'packages/backend-cpu/node_modules/@cotangent/core',
  'packages/nn/node_modules/@cotangent/core',
  'examples/node_modules/@cotangent/nn',
]

const missing = needed.filter(path => !existsSync(resolve(root, path)))
if (missing.length > 0) {
  console.error(
    `cotangent: dependencies are not installed (${missing[0]} is missing); run "npx -y pnpm@12 install" and read its first error.`,
  )
  process.exit(1)
}

const [target, ...args] = process.argv.slice(2)
if (target === undefined) {
  console.error('usage: node scripts/launch.mjs FILE [ARGUMENTS]')
  process.exit(2)
}

const child = spawn(resolve(root, pinnedNode), ['--conditions=source', resolve(root, target), ...args], {
  stdio: 'inherit',
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal === null ? code : 1))
