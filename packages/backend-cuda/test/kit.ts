/** The backend on the fake driver. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '@cotangent/core/kernel'
import { buildAddon } from '../scripts/build-addon.ts'
import { CudaBackend } from '../src/backend.ts'
import { cuda, type CudaOptions } from '../src/index.ts'
import { findLibraries, type LibraryPaths } from '../src/runtime/libraries.ts'
import { loadAddon } from '../src/runtime/load.ts'
import { type Fake, openFake } from './fake/control.ts'

/** One file that is all of NVIDIA's libraries. */
export const everyLibrary = (path: string): LibraryPaths => ({ cuda: path, nvrtc: path, cublasLt: path, cudnn: path })

let fake: Promise<Fake> | undefined

/** The fake driver, with the addon built that opens it. */
export function fakeDriver(): Promise<Fake> {
  fake ??= buildAddon().then(() => openFake())
  return fake
}

export async function backendFor(options: CudaOptions = {}): Promise<CudaBackend> {
  const { library } = await fakeDriver()
  return (await cuda({ cache: false, libraries: everyLibrary(library), ...options })) as CudaBackend
}

/** A backend with an allocation of the driver's for each tensor, so that the fake sees who reads or writes beyond one. */
export async function separateBackend(): Promise<CudaBackend> {
  const { library } = await fakeDriver()
  const { device } = loadAddon().open(findLibraries(everyLibrary(library)), 0)
  if (device === undefined) throw new Error('the fake driver cannot be opened')
  return new CudaBackend({
    device,
    precision: 'float32',
    memoryBudget: Infinity,
    debug: false,
    cache: undefined,
    compiler: library,
    separate: true,
  })
}

/** For `init({ backend: [...] })` and `describeBackend`. */
export const loader = (options: CudaOptions = {}): { readonly name: string; readonly load: () => Promise<Backend> } => ({
  name: 'cuda',
  load: () => backendFor(options),
})

/** A folder of this process for compiled programs. */
export const cacheFolder = (): string => join(tmpdir(), `cotangent-cuda-test-${process.pid}`)
