// The addon with the real NVRTC, which needs no GPU. Where there is none this says so.
import { beforeAll, expect, test } from 'vitest'
import type { Device } from '../src/runtime/addon.ts'
import { findLibraries } from '../src/runtime/libraries.ts'
import { type Bench, errorOf, prepare } from './support/device.ts'

let bench: Bench
let device: Device | undefined

const none = (reason: string): void => console.log(`cuda: left out: programs by the real NVRTC (${reason})`)

beforeAll(async () => {
  bench = await prepare()
  const opened = bench.addon.open({ ...bench.libraries, nvrtc: findLibraries().nvrtc }, 0)
  device = opened.device
  if (opened.device === undefined) none(opened.reason)
  return () => device?.close()
})

test('compiles to machine code, wherever its second library lies; errors bring the log', ({ skip }) => {
  if (device === undefined) return skip('there is no NVRTC')
  const options = ['--gpu-architecture=sm_90', '--std=c++17', '--fmad=true', '-default-device']
  const compile = (text: string): Uint8Array => (device as Device).compile(text, options)
  const cubin = compile('extern "C" __global__ void f(float *a, float b) { a[threadIdx.x] = tanhf(b); }')
  expect(Buffer.from(cubin.subarray(0, 4)).toString('latin1')).toBe('\x7fELF')
  const error = errorOf(() => compile('extern "C" __global__ void f(float *a) { a[0] = unknownName; }'))
  expect(error).toMatchObject({ code: 'ERR_CUDA', call: 'nvrtcCompileProgram', status: 6 })
  expect(error.message).toContain('identifier "unknownName" is undefined')
})
