/** The order in which libraries are tried, in folders made up for it. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findLibraries, type Surroundings } from '../src/runtime/libraries.ts'

/** A file system of these files and the folders around them. */
function withFiles(files: readonly string[], environment: Record<string, string> = {}): Surroundings {
  return {
    environment,
    home: '/home/me',
    exists: path => files.includes(path),
    list: folder => [
      ...new Set(files.filter(f => f.startsWith(`${folder}/`)).map(f => f.slice(folder.length + 1).split('/')[0] as string)),
    ],
  }
}

test('without any file the loader is asked, newest first', () => {
  const { cuda, nvrtc } = findLibraries({}, withFiles([]))
  expect(cuda).toEqual(['libcuda.so.1'])
  expect(nvrtc.slice(0, 2)).toEqual(['libnvrtc.so.13', 'libnvrtc.so.12'])
  expect(nvrtc.every(n => !n.includes('/'))).toBe(true)
})

test('configured paths come first, then the loader, CUDA_HOME, toolkits by falling version, pip', () => {
  const pip = '/home/me/.local/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12'
  const files = [
    '/usr/local/cuda-12.4/lib64/libnvrtc.so.12',
    '/usr/local/cuda-12.10/lib64/libnvrtc.so.12',
    '/usr/local/cuda-13.0/targets/x86_64-linux/lib/libnvrtc.so.13',
    '/opt/toolkit/lib64/libnvrtc.so.12',
    pip,
  ]
  const { nvrtc } = findLibraries({ nvrtc: '/mine/libnvrtc.so' }, withFiles(files, { CUDA_HOME: '/opt/toolkit' }))
  expect(nvrtc[0]).toBe('/mine/libnvrtc.so')
  expect(nvrtc.filter(n => n.includes('/')).slice(1)).toEqual([
    '/opt/toolkit/lib64/libnvrtc.so.12',
    '/usr/local/cuda-13.0/targets/x86_64-linux/lib/libnvrtc.so.13',
    '/usr/local/cuda-12.10/lib64/libnvrtc.so.12',
    '/usr/local/cuda-12.4/lib64/libnvrtc.so.12',
    pip,
  ])
})

test('wheels of pip are found in virtual environments, in conda, and system-wide', () => {
  const at = (root: string, python: string): string => join(root, 'lib', python, 'nvidia/cu13/lib/libcublasLt.so.13')
  const files = [at('/venv', 'python3.12/site-packages'), at('/conda', 'python3.10/site-packages'), at('/usr', 'python3/dist-packages')]
  const { cublasLt } = findLibraries({}, withFiles(files, { VIRTUAL_ENV: '/venv', CONDA_PREFIX: '/conda' }))
  expect(cublasLt.filter(n => n.includes('/'))).toEqual(files)
})

test('the driver is never taken from a toolkit: its stub would be found there', () => {
  const { cuda } = findLibraries({ cuda: ['/a', '/b'] }, withFiles(['/usr/local/cuda/lib64/libcuda.so.1']))
  expect(cuda).toEqual(['/a', '/b', 'libcuda.so.1'])
})
