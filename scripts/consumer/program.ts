// A user's program: scripts/check-packages.ts compiles it against the packed packages and runs it in old and new Node and in a browser.
// Its answer begins with "ok"; naming whole modules keeps all their exports in the bundle.
import * as cpu from '@cotangent/backend-cpu'
import * as core from '@cotangent/core'
import type { KernelGraph, Load } from '@cotangent/core/kernel'
import * as nn from '@cotangent/nn'

const n = 256
const float32 = { dtype: 'float32', size: n * n } as const
const load = (buffer: number, strides: readonly number[]): Load => ({
  op: 'load',
  buffer,
  dtype: 'float32',
  map: { offset: 0, strides },
})

/** A matrix product: enough work that the backend's worker threads take part. */
const product: KernelGraph = {
  buffers: [
    { ...float32, place: { kind: 'input', index: 0 } },
    { ...float32, place: { kind: 'input', index: 1 } },
    { ...float32, place: { kind: 'output', index: 0 } },
  ],
  inputs: [0, 1],
  outputs: [2],
  kernels: [
    {
      kind: 'contraction',
      extents: [n, n, n],
      parallel: 2,
      dtype: 'float32',
      a: load(0, [n, 0, 1]),
      b: load(1, [0, 1, n]),
      epilogue: [{ op: 'reduced', dtype: 'float32', index: 0 }],
      stores: [{ buffer: 2, map: { offset: 0, strides: [n, 1] }, value: 0 }],
    },
  ],
  arena: 0,
  donations: [-1, -1],
}

const multiply = async (): Promise<string> => {
  const backend = await cpu.cpu({ threads: 2 })
  const ones = backend.upload(new Float32Array(n * n).fill(1), 'float32')
  const twos = backend.upload(new Float32Array(n * n).fill(2), 'float32')
  const [out] = backend.compile(product).run([ones, twos])
  if (out === undefined) return 'no result'
  const values = await backend.read(out)
  await backend.dispose()
  const wrong = values.findIndex((value) => value !== 2 * n)
  const names = [core, cpu, nn].map((module) => Object.keys(module).length)
  return wrong < 0 ? `ok, ${names.join(' + ')} exports` : `element ${wrong} is ${values[wrong]}`
}

export const result: Promise<string> = multiply()
