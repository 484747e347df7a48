/** What there is: GPU, driver, headers, tools; the addon's declarations against the headers; the sanitizer of CUDA. */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { delimiter, join } from 'node:path'
import type { CudaBackend } from '../src/backend.ts'
import { cuda } from '../src/index.ts'
import { argumentsOf, cudaOptions, failed, type Outcome, passed, type Setting, skipped } from './setting.ts'

interface Ran {
  readonly status: number | null
  readonly text: string
}
function run(file: string, args: readonly string[], timeout = 60_000): Ran {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout })
  return { status, text: `${stdout ?? ''}${stderr ?? ''}`.trim() }
}

const lastLines = (text: string, count: number): readonly string[] => text.split('\n').slice(-count)

/** Opens the device, as a first program does. */
export async function machine(setting: Setting): Promise<Outcome> {
  const start = performance.now(),
    backend = (await cuda(cudaOptions(setting))) as CudaBackend,
    opening = performance.now() - start
  const { properties, products, convolutions } = backend.session.device
  await backend.dispose()
  const driver = run('nvidia-smi', ['--query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit', '--format=csv,noheader'])
  const details = [
    `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    driver.status === 0 ? `nvidia-smi: ${driver.text}` : 'nvidia-smi: not there',
    `device: ${JSON.stringify(properties)}`,
    `cuBLASLt: ${products ? 'found' : 'not found'}; cuDNN: ${convolutions ? 'found' : 'not found'}`,
  ]
  return passed(`${properties.name}, opened in ${opening.toFixed(0)} ms`, { ...properties, products, convolutions }, details)
}

/** Where CUDA's headers and tools may be: toolkits, and what pip installs. */
export function cudaFolders(kind: 'include' | 'bin'): readonly string[] {
  const homes = ['CUDA_HOME', 'CUDA_PATH'].flatMap(name => process.env[name] ?? [])
  const listed = (process.env['COTANGENT_CUDA_INCLUDE'] ?? '').split(delimiter).filter(path => kind === 'include' && path !== '')
  const packages = (process.env['COTANGENT_PYTHON_PATH'] ?? '')
    .split(delimiter)
    .filter(path => path !== '')
    .flatMap(path => globSync(`${path}/nvidia/*/${kind}`))
  const toolkits = [...homes, '/usr/local/cuda', ...globSync('/usr/local/cuda-*')].map(home => join(home, kind))
  return [...new Set([...listed, ...toolkits, ...packages, `/usr/${kind}`])].filter(path => existsSync(path))
}

const headers = ['cuda.h', 'library_types.h', 'nvrtc.h', 'cublasLt.h', 'cudnn.h']

/** Every constant and prototype of abi.hpp against the headers that are here, by any C++ compiler. */
export async function abi({ native }: Setting): Promise<Outcome> {
  const folders = cudaFolders('include'),
    found = headers.filter(name => folders.some(folder => existsSync(join(folder, name)))),
    missing = headers.filter(name => !found.includes(name))
  const compiler = ['g++', 'clang++', 'c++'].find(name => run(name, ['--version']).status === 0)
  if (compiler === undefined) return skipped('there is no C++ compiler')
  if (!found.includes('cuda.h') || !found.includes('library_types.h'))
    return skipped(`cuda.h and library_types.h are not in ${folders.join(', ')}`)
  // After the compiler's own folders: a CUDA toolkit has copies of other headers.
  const includes = folders.filter(path => path !== '/usr/include').flatMap(path => ['-idirafter', path])
  const { status, text } = run(compiler, ['-std=c++20', '-fsyntax-only', ...includes, join(native, 'abi_check.cpp')])
  const summary = `compared with ${found.join(', ')}${missing.length > 0 ? `; not found: ${missing.join(', ')}` : ''}`
  return status === 0 ? passed(summary, { found, missing }) : failed(summary, lastLines(text, 40))
}

/**
 * Some kernels under compute-sanitizer, where there is one: the stage `bits` in its short form. Calls that the driver refuses are no errors: the addon counts a
 * function's parameters until there is none.
 */
export async function sanitizer(setting: Setting): Promise<Outcome> {
  if (setting.library !== undefined) return skipped('the device is emulated')
  const tool = [...cudaFolders('bin'), ...(process.env['PATH'] ?? '').split(delimiter)]
    .map(folder => join(folder, 'compute-sanitizer'))
    .find(path => existsSync(path))
  if (tool === undefined) return skipped('there is no compute-sanitizer')
  const self = [process.execPath, ...process.execArgv, process.argv[1] as string]
  const results = ['memcheck', 'racecheck'].map(name => {
    const out = join(setting.out, `sanitizer-${name}`)
    const { status, text } = run(
      tool,
      [
        '--tool',
        name,
        ...(name === 'memcheck' ? ['--report-api-errors', 'no'] : []),
        '--error-exitcode',
        '9',
        ...self,
        ...argumentsOf({ ...setting, short: true, out }, 'bits'),
      ],
      300_000,
    )
    return { name, status, text }
  })
  const bad = results.filter(r => r.status !== 0)
  const summary = results.map(r => `${r.name}: ${r.status === 0 ? 'no errors' : `status ${r.status}`}`).join('; ')
  return bad.length === 0
    ? passed(summary)
    : failed(
        summary,
        bad.flatMap(r => lastLines(r.text, 20)),
      )
}
