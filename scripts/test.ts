import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { mayInstall } from './apt.ts'
import { provideCompilers } from './compilers.ts'
import { provideMesaChromium } from './mesa.ts'

// `pnpm test`: types, lint, format, then all tests. The later steps run when an earlier one fails, so that one run shows everything;
// the command fails when any step does. Arguments go to Vitest: `pnpm test packages/nn`. It sees to compilers
// (compilers.ts) and, without arguments, to Mesa (mesa.ts) and other versions of Node (nodes.ts).

const root = fileURLToPath(new URL('..', import.meta.url))

const run = (file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): boolean =>
  spawnSync(process.execPath, [file, ...args], { cwd: root, env, stdio: 'inherit' }).status === 0

const checks = {
  typecheck: () => run('node_modules/typescript/bin/tsc', ['-b']),
  lint: () => run('node_modules/oxlint/bin/oxlint', []),
  format: () => run('node_modules/@biomejs/biome/bin/biome', ['format']),
}

/** Is the second graphics driver there? Where it cannot be the summary says that its tests are left out; in CI as root that is a failure. */
const mesa = (): boolean => {
  if (process.argv.length > 2) return true
  const found = provideMesaChromium()
  return !('missing' in found && process.env['COTANGENT_MESA'] === 'required' && mayInstall())
}

/** Resolves when they are there, or cannot be. */
async function nodes(): Promise<void> {
  if (process.argv.length > 2) return
  const child = spawn(process.execPath, ['scripts/nodes.ts'], { cwd: root, stdio: 'inherit' })
  await once(child, 'exit')
}

// Meanwhile.
const nodesProvided = nodes()
provideCompilers()
const failedChecks = Object.entries({ ...checks, mesa })
  .filter(([, check]) => !check())
  .map(([name]) => name)
await nodesProvided
const env = { ...process.env, COTANGENT_FAILED_CHECKS: failedChecks.join(',') }
const passed = run('node_modules/vitest/vitest.mjs', ['run', ...process.argv.slice(2)], env)

process.exitCode = passed && failedChecks.length === 0 ? 0 : 1
