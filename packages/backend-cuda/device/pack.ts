/**
 * `pnpm pack:device [FOLDER]`: the device suite as one folder for a machine with a GPU and no network: Node, this library as a bundle, the addon
 * and its sources, MNIST, bench.py. The folder and `FOLDER.tar` have less than 64 MiB.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { packageFolder } from '../../../examples/lib/mnist.ts'
import { buildAddon } from '../scripts/build-addon.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const cache = fileURLToPath(new URL('../../../node_modules/.cache/cotangent-device', import.meta.url))
const limit = 64 * 2 ** 20
const run = (file: string, ...args: readonly string[]): void => void execFileSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] })

/** The program as a few modules without dependencies. Two folders down, so that the addon is where it looks for it. */
export async function bundleSuite(folder: string): Promise<void> {
  const build = await rolldown({
    input: { main: join(here, 'main.ts') },
    platform: 'node',
    resolve: { conditionNames: ['source', 'node', 'import'] },
    external: /^node:/,
  })
  await build.write({ dir: join(folder, 'suite/dist'), format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' })
  await build.close()
}

/** Compressed once for each content: Node takes half a minute. */
function compress(from: string, to: string, prepare: (copy: string) => void = () => {}): void {
  const hash = createHash('sha256').update(readFileSync(from)).digest('hex').slice(0, 16),
    packed = join(cache, `${hash}.xz`)
  if (!existsSync(packed)) {
    const copy = join(cache, `${hash}.${process.pid}`)
    mkdirSync(cache, { recursive: true })
    copyFileSync(from, copy)
    prepare(copy)
    run('xz', '-6', '-T2', copy)
    renameSync(`${copy}.xz`, packed)
  }
  copyFileSync(packed, to)
}

/** The pinned Node, without its symbols. */
const packNode = (folder: string): void => compress(process.execPath, join(folder, 'node.xz'), copy => run('strip', copy))

function packDigits(folder: string): void {
  mkdirSync(join(folder, 'mnist'))
  for (const name of readdirSync(packageFolder())) compress(join(packageFolder(), name), join(folder, 'mnist', `${name}.xz`))
}

async function packAddon(folder: string): Promise<void> {
  const { include_dir: headers } = createRequire(import.meta.url)('node-api-headers') as { include_dir: string }
  mkdirSync(join(folder, 'prebuilt/linux-x64'), { recursive: true })
  copyFileSync(await buildAddon(), join(folder, 'prebuilt/linux-x64/cuda.node'))
  cpSync(join(here, '../native'), join(folder, 'native'), { recursive: true })
  cpSync(headers, join(folder, 'include'), { recursive: true })
}

const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => statSync(join(folder, name)))
    .reduce((sum, s) => sum + (s.isFile() ? s.size : 0), 0)

/** What is packed replaces an earlier pack, and nothing else. */
export function checkFolder(folder: string): void {
  if (!existsSync(folder) || existsSync(join(folder, 'suite/dist/main.mjs'))) return
  if (!statSync(folder).isDirectory() || readdirSync(folder).length > 0)
    throw new Error(`${folder} has something else in it: name a folder that is empty or not there.`)
}

export async function pack(folder: string): Promise<void> {
  checkFolder(folder)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await bundleSuite(folder)
  await packAddon(folder)
  packNode(folder)
  packDigits(folder)
  for (const name of ['run.sh', 'bench.py', 'bench_models.py']) copyFileSync(join(here, name), join(folder, name))
  run('tar', '-cf', `${folder}.tar`, '-C', dirname(folder), folder.slice(dirname(folder).length + 1))
  const bytes = bytesIn(folder)
  const names = readdirSync(folder).map(name => {
    const path = join(folder, name)
    return `${name} ${((statSync(path).isDirectory() ? bytesIn(path) : statSync(path).size) / 2 ** 20).toFixed(1)}`
  })
  console.log(`${folder}.tar: ${(bytes / 2 ** 20).toFixed(1)} MiB (${names.join(', ')})`)
  if (bytes >= limit) throw new Error(`more than ${limit / 2 ** 20} MiB`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await pack(resolve(process.argv[2] ?? 'cotangent-device'))
