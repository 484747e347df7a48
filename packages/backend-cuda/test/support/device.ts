/** Devices of the fake driver, by the addon alone. */
import { createRequire } from 'node:module'
import { buildAddon } from '../../scripts/build-addon.ts'
import type { Addon, ConvolutionPlan, Device, Libraries } from '../../src/runtime/addon.ts'
import { type Fake, openFake } from '../fake/control.ts'
import { launch, type Triple, type Word } from './commands.ts'

/** COTANGENT_SANITIZE=1: the addon with sanitizers, for a process that has their library preloaded. */
export const addonPath = (): Promise<string> => buildAddon({ sanitize: process.env['COTANGENT_SANITIZE'] === '1' })

export interface Bench {
  readonly addon: Addon
  readonly fake: Fake
  readonly libraries: Libraries
  open(device?: number): Device
}

export const librariesOf = (path: string): Libraries => ({ cuda: [path], nvrtc: [path], cublasLt: [path], cudnn: [path] })

export async function prepare(without: readonly string[] = []): Promise<Bench> {
  const fake = await openFake(without)
  const addon = createRequire(import.meta.url)(await addonPath()) as Addon
  const libraries = librariesOf(fake.library)
  const open = (device = 0): Device => {
    const opened = addon.open(libraries, device)
    if (opened.device === undefined) throw new Error(opened.reason)
    return opened.device
  }
  return { addon, fake, libraries, open }
}

/** A convolution of a 3 x 3 image with one filter of 2 x 2, a bias and a relu. */
export const imagePlan: ConvolutionPlan = {
  direction: 0,
  epilogue: 2,
  algorithm: 1,
  channelsLast: true,
  tensorCores: false,
  batch: 1,
  channels: 1,
  height: 3,
  width: 3,
  filters: 1,
  kernelHeight: 2,
  kernelWidth: 2,
  groups: 1,
  resultHeight: 2,
  resultWidth: 2,
  padHeight: 0,
  padWidth: 0,
  strideHeight: 1,
  strideWidth: 1,
  dilationHeight: 1,
  dilationWidth: 1,
}

/** Kernels that tests launch; `p` and `w` as `Device.function` takes them. */
export const program = `
KERNEL(256) axpy(const float *x, float *y, float a, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] += a * x[i];
}
KERNEL(1) append(int *list, int value) { list[++list[0]] = value; }
KERNEL(1) append2(int *list, int outer, int inner) { list[++list[0]] = 100 * outer + inner; }
KERNEL(1) appendFrom(int *list, const int *counter) { list[++list[0]] = counter[0]; }
KERNEL(1) scalars(double *out, long long a, double b, unsigned c) { out[0] = (double)a; out[1] = b; out[2] = (double)c; }
KERNEL(64) slow(float *out, int n) {
  float s = 0;
  for (int i = 0; i < n; i++) s += sinf(i * 1e-3f);
  out[threadIdx.x] = s;
}
`

const parameters = { axpy: 'ppww', append: 'pw', append2: 'pww', appendFrom: 'pp', scalars: 'pwww', slow: 'pw' } as const

export type Functions = { readonly [name in keyof typeof parameters]: number }

export interface Loaded {
  readonly module: number
  readonly functions: Functions
}

/** Compiles and loads the program. */
export function load(device: Device): Loaded {
  const module = device.load(device.compile(program, ['--gpu-architecture=sm_90']))
  const handles = Object.entries(parameters).map(([name, letters]) => [name, device.function(module, name, letters)])
  return { module, functions: Object.fromEntries(handles) as Functions }
}

/** One thread. */
export const single = (handle: number, args: readonly Word[], counters: Word = 0): ReturnType<typeof launch> =>
  launch(handle, one, one, args, counters)
export const one: Triple = [1, 1, 1]

export function upload(device: Device, data: ArrayBufferView): number {
  const address = device.allocate(Math.max(data.byteLength, 1))
  device.write(address, data)
  return address
}

export function floats(device: Device, address: number, length: number): number[] {
  const result = new Float32Array(length)
  device.readSync(address, result)
  return [...result]
}

export function ints(device: Device, address: number, length: number): number[] {
  const result = new Int32Array(length)
  device.readSync(address, result)
  return [...result]
}

/** The error that a call throws. */
export function errorOf(f: () => unknown): Error & { readonly code?: string; readonly call?: string; readonly status?: number } {
  try {
    f()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}
