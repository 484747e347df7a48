/**
 * Builds the fake driver and the small addon that steers it, once for each state of their sources. Needs g++; kernels are compiled by tcc
 * where there is one.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { exclusively } from '../../scripts/exclusively.ts'

export interface BuiltFake {
  /** The library: libcuda, libnvrtc, libcublasLt and libcudnn in one. */
  readonly library: string
  /** The addon of control.ts. */
  readonly control: string
}

const folder = fileURLToPath(new URL('.', import.meta.url))
const cache = fileURLToPath(new URL('../../../../node_modules/.cache/cotangent-fake-cuda', import.meta.url))
const { include_dir: headers } = createRequire(import.meta.url)('node-api-headers') as { include_dir: string }
const sources = readdirSync(folder).filter(name => /\.(cpp|hpp|c|h)$/.test(name))
const programs = `${cache}/programs`
/** Compiled programs that are kept; random tests make new ones in every run. */
const most = 10_000
const run = promisify(execFile)

/** Paths of the fake, built if need be. `without`: symbols that the library does not export, as an old driver's does not. */
export async function buildFake(without: readonly string[] = []): Promise<BuiltFake> {
  const hash = createHash('sha256').update(process.arch)
  for (const name of sources) hash.update(name).update(readFileSync(folder + name))
  const out = `${cache}/${hash.digest('hex').slice(0, 16)}`
  const built = { library: `${out}/libfakecuda${without.map(symbol => `-${symbol}`).join('')}.so`, control: `${out}/control.node` }
  prune()
  if (existsSync(built.control) && existsSync(built.library)) return built
  mkdirSync(out, { recursive: true })
  await exclusively(out, async () => {
    if (!existsSync(built.control)) await link(built.control, ['-O1', '-DNAPI_VERSION=8', `-I${headers}`, '-x', 'c', `${folder}control.c`])
    if (!existsSync(built.library)) await buildLibrary(out, built.library, without)
  })
  return built
}

/** Throws away the programs that were not used for longest, but none of the last hour: other processes may be about to load them. */
function prune(): void {
  const names = existsSync(programs) ? readdirSync(programs) : []
  if (names.length <= most) return
  const used = names.map(name => ({
    path: `${programs}/${name}`,
    at: statSync(`${programs}/${name}`, { throwIfNoEntry: false })?.mtimeMs ?? 0,
  }))
  const old = used.toSorted((a, b) => b.at - a.at).slice(most)
  for (const { path, at } of old) if (at < Date.now() - 3_600_000) rmSync(path, { force: true })
}

async function buildLibrary(out: string, library: string, without: readonly string[]): Promise<void> {
  const names = sources.filter(name => name.endsWith('.cpp'))
  const objects = names.map(name => `${out}/${name}.o`)
  const missing = names.filter((_, i) => !existsSync(objects[i] as string))
  const next = async (): Promise<void> => {
    for (let name = missing.pop(); name !== undefined; name = missing.pop()) await compile(out, name)
  }
  await Promise.all([next(), next()])
  await link(library, [...objects, ...(without.length === 0 ? [] : [hiding(library, without)]), '-ldl', '-lpthread'])
}

const flags = ['-std=c++20', '-Wall', '-Wextra', '-Werror', '-fPIC', '-fvisibility=hidden']

async function compile(out: string, name: string): Promise<void> {
  const object = `${out}/${name}.o`
  const optimize = name === 'products.cpp' || name === 'convolutions.cpp' ? '-O3' : '-O1'
  const defined = [`-DEMULATION_HEADER="${folder}emulation.h"`, `-DPROGRAM_CACHE="${programs}"`]
  await run('g++', [...flags, optimize, ...defined, '-c', folder + name, '-o', `${object}.part`])
  renameSync(`${object}.part`, object)
}

/** The linker's option that keeps symbols in the library. */
function hiding(library: string, symbols: readonly string[]): string {
  writeFileSync(`${library}.map`, `{ global: *; local: ${symbols.map(symbol => `${symbol};`).join(' ')} };\n`)
  return `-Wl,--version-script=${library}.map`
}

async function link(path: string, inputs: readonly string[]): Promise<void> {
  await run('g++', ['-shared', '-fPIC', '-o', `${path}.part`, ...inputs])
  renameSync(`${path}.part`, path)
}
