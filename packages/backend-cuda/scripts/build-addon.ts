// `pnpm build:addon`: compiles native/ into prebuilt/linux-x64/cuda.node, by g++ alone, when a source has changed.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { exclusively } from './exclusively.ts'

export interface AddonOptions {
  /** With AddressSanitizer and UndefinedBehaviorSanitizer: the process that loads it must have libasan preloaded. */
  readonly sanitize?: boolean
}

const native = fileURLToPath(new URL('../native/', import.meta.url))
const cache = fileURLToPath(new URL('../../../node_modules/.cache/cotangent-cuda-addon', import.meta.url))
const prebuilt = fileURLToPath(new URL('../prebuilt/linux-x64/cuda.node', import.meta.url))
const { include_dir: headers } = createRequire(import.meta.url)('node-api-headers') as { include_dir: string }
const run = promisify(execFile)

const flags = ['-std=c++20', '-shared', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror', '-pthread']
const optimized = ['-O2', '-s', '-ffunction-sections', '-Wl,--gc-sections']
const sanitized = ['-O1', '-g', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined']

/** The addon's path, built if need be: in the package, or in a cache where it is sanitized. */
export async function buildAddon({ sanitize = false }: AddonOptions = {}): Promise<string> {
  const options = [...flags, ...(sanitize ? sanitized : optimized)]
  const hash = createHash('sha256').update(options.join(' '))
  for (const name of readdirSync(native).sort()) hash.update(name).update(readFileSync(native + name))
  const built = `${cache}/${hash.digest('hex').slice(0, 16)}.node`
  mkdirSync(cache, { recursive: true })
  await exclusively(built, async () => {
    if (!existsSync(built)) await compile(options, built)
    if (!sanitize && !isCopy(built)) install(built)
  })
  return sanitize ? built : prebuilt
}

/** Into place at once: a process may be loading the file that was there. What is preloaded here, sanitizers, is not for the compiler. */
async function compile(options: readonly string[], built: string): Promise<void> {
  const env = { ...process.env, LD_PRELOAD: '' }
  await run('g++', [...options, `-I${headers}`, '-o', `${built}.part`, `${native}addon.cpp`, '-ldl'], { env })
  renameSync(`${built}.part`, built)
}

const isCopy = (built: string): boolean => existsSync(prebuilt) && readFileSync(prebuilt).equals(readFileSync(built))

function install(built: string): void {
  mkdirSync(dirname(prebuilt), { recursive: true })
  copyFileSync(built, `${prebuilt}.part`)
  renameSync(`${prebuilt}.part`, prebuilt)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildAddon())
