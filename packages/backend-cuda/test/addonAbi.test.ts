// native/abi.hpp against the headers of a toolkit.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const list = (name: string): readonly string[] => (process.env[name] ?? '').split(':').filter(folder => folder !== '')

/** COTANGENT_CUDA_INCLUDE: more folders, separated by colons, such as those of pip's nvidia packages. */
const folders = [
  ...list('COTANGENT_CUDA_INCLUDE'),
  ...list('CUDA_HOME').map(home => `${home}/include`),
  '/usr/local/cuda/include',
  '/usr/include',
]
const has = (header: string): boolean => folders.some(folder => existsSync(`${folder}/${header}`))
const headers = ['cuda.h', 'nvrtc.h', 'cublasLt.h', 'cudnn.h']

const left = headers.filter(header => !has(header))
if (left.length > 0)
  console.log(`cuda: the ABI is not compared with ${left.join(', ')}: not found (COTANGENT_CUDA_INCLUDE names more folders)`)

const source = (name: string): string => readFileSync(new URL(`../native/${name}`, import.meta.url), 'utf8')

/** Compiles the check with these headers and this `abi.hpp`. */
async function compare(abi: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cotangent-abi-'))
  try {
    writeFileSync(join(folder, 'abi.hpp'), abi)
    writeFileSync(join(folder, 'abi_check.cpp'), source('abi_check.cpp'))
    const includes = folders.filter(path => existsSync(path)).map(path => `-I${path}`)
    await run('g++', ['-std=c++20', '-fsyntax-only', ...includes, join(folder, 'abi_check.cpp')])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.skipIf(!has('cuda.h'))('every constant and every prototype agrees with the headers', async () => {
  const abi = source('abi.hpp')
  await compare(abi)
  await expect(compare(abi.replace('NOT_READY, 600', 'NOT_READY, 601'))).rejects.toThrow('CUDA_ERROR_NOT_READY')
  await expect(compare(abi.replace('cuMemAlloc_v2, CUdeviceptr*, size_t', 'cuMemAlloc_v2, CUdeviceptr*, int'))).rejects.toThrow(
    'cuMemAlloc_v2',
  )
})
