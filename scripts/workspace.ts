import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports: Readonly<Record<string, { readonly default: string }>>
  readonly dependencies?: Readonly<Record<string, string>>
}

export interface Package {
  readonly directory: string
  readonly manifest: Manifest
}

/** The packages that are published: those under packages/ that are not private. */
export const publishable = (): readonly Package[] =>
  readdirSync(join(root, 'packages'))
    .map(name => join(root, 'packages', name))
    .map(directory => ({
      directory,
      manifest: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest,
    }))
    .filter(({ manifest }) => manifest.private !== true)

/** Runs a program to its end and returns its output; when it fails, shows the output and ends this process. */
export const run = (file: string, args: readonly string[], cwd: string = root): string => {
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return status === 0 ? stdout : fail(`failed: ${[file, ...args].join(' ')}\n${error ?? ''}${stdout}${stderr}`)
}

export const fail = (message: string): never => {
  console.error(message)
  process.exit(1)
}

/** Runs one of the tools in node_modules with this Node. */
export const tool = (path: string, ...args: readonly string[]): string => run(process.execPath, [join(root, 'node_modules', path), ...args])
