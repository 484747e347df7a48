import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { install, mayInstall } from './apt.ts'

// What the tests of the cuda backend need of the system: g++ builds its addon and the fake driver; tcc, a small C compiler, compiles generated
// kernels ten times faster than g++ can. nvcc is NVIDIA's: where it is, kernels are compiled to machine code too.

/** Is there a program of this name in PATH? */
export const isInPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some(folder => folder !== '' && isExecutable(join(folder, program)))

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The path of NVIDIA's compiler; `NVCC` names another than the usual ones. */
export const findNvcc = (): string | undefined =>
  [process.env['NVCC'] ?? '', '/usr/local/cuda/bin/nvcc', '/usr/local/bin/nvcc', '/usr/bin/nvcc'].find(
    path => path !== '' && isExecutable(path),
  )

/** Why the tests of the cuda backend cannot run here, if they cannot. */
export function withoutCuda(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `the addon is for linux x64, this is ${process.platform} ${process.arch}`
  return isInPath('g++') ? undefined : 'there is no g++; on Debian: apt-get install g++ tcc'
}

/** Installs g++ and tcc where they are missing and this process may, and says so. */
export function provideCompilers(): void {
  const missing = ['g++', 'tcc'].filter(program => !isInPath(program))
  if (missing.length === 0 || !mayInstall()) return
  console.log(`Installing once, for the tests of the cuda backend: ${missing.join(' ')}`)
  const problem = install(...missing)
  if (problem !== undefined) console.error(problem)
}
