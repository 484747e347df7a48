import { type ComputeDType, hostArray, type Node, type Scatter, type TypedArray, type BufferSpec } from '@cotangent/core/kernel'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Builder, type Draw, drawWith, extentsFor, filled, nodesFor } from './arbitrary-loop.ts'
import { interpret, runKernel } from './kernel-kit.ts'

const combines = ['set', 'add', 'mul', 'min', 'max'] as const

/** Any body and map, indices by load, sometimes a condition. */
function buildScatter(draw: Draw): { kernel: Scatter; buffers: readonly BufferSpec[]; data: readonly TypedArray[] } {
  const b = new Builder(draw),
    dtype = draw.pick<ComputeDType>(['float32', 'float64', 'int32', 'uint32'])
  const extents = extentsFor(draw, draw.int(0, 3))
  const body: Node[] = nodesFor(draw, b, extents, dtype, [])
  const value = body.findLastIndex(n => n.dtype === dtype)
  const conditions = body.flatMap((n, i) => (n.dtype === 'bool' ? [i] : []))
  const { map, size } = b.map(extents)
  const n = draw.int(1, 6),
    stride = draw.pick([1, 2, size])
  const indirect: Scatter['indirect'] = draw.int(0, 2) === 0 ? [] : [{ index: b.gatherIndex(body, extents, n), stride }]
  const buffer = b.buffer(dtype, size + stride * n)
  const kernel: Scatter = {
    kind: 'scatter',
    extents,
    body,
    buffer,
    combine: draw.pick(combines),
    map,
    indirect,
    value,
    ...(conditions.length > 0 ? { where: draw.pick(conditions) } : {}),
  }
  return { kernel, buffers: b.buffers, data: b.data }
}

test('random scatters combine in iteration order', { timeout: 30_000 }, () => {
  fc.assert(
    fc.property(fc.gen(), gen => {
      const { kernel, buffers, data } = buildScatter(drawWith(gen))
      const wanted = interpret(kernel, data)
      for (const options of [{}, { split: true }]) expect(runKernel(kernel, buffers, data, options)).toEqual(wanted)
    }),
    { numRuns: 200 },
  )
})

/** `table[index[i], :] += rows[i, :]`: rounding shows the order. */
test.each([
  [50, 7, 3],
  [200, 130, 5],
  [33, 64, 1],
  [64, 200, 64],
])('embedding gradient of %i rows of %i into %i', (n, width, vocabulary) => {
  const kernel: Scatter = {
    kind: 'scatter',
    extents: [n, width],
    buffer: 2,
    combine: 'add',
    map: { offset: 0, strides: [0, 1] },
    indirect: [{ index: 0, stride: width }],
    value: 1,
    body: [
      { op: 'load', buffer: 0, dtype: 'int32', map: { offset: 0, strides: [1, 0] } },
      { op: 'load', buffer: 1, dtype: 'float32', map: { offset: 0, strides: [width, 1] } },
    ],
  }
  const buffers: BufferSpec[] = [
    { dtype: 'int32', size: n },
    { dtype: 'float32', size: n * width },
    { dtype: 'float32', size: vocabulary * width },
  ]
  const rows = Float32Array.from({ length: n * width }, (_, i) => Math.sin(i) * 10 ** (i % 7))
  const data = [Int32Array.from({ length: n }, (_, i) => (i * i + 3 * i) % vocabulary), rows, filled(1, 'float32', vocabulary * width)]
  expect(runKernel(kernel, buffers, data, { split: true })).toEqual(interpret(kernel, data))
})

test('each example scatters into its own row', () => {
  const [batch, n, width] = [70, 9, 6]
  const kernel: Scatter = {
    kind: 'scatter',
    extents: [batch, n],
    buffer: 2,
    combine: 'add',
    map: { offset: 0, strides: [width, 0] },
    indirect: [{ index: 0, stride: 1 }],
    value: 1,
    body: [
      { op: 'load', buffer: 0, dtype: 'int32', map: { offset: 0, strides: [n, 1] } },
      { op: 'load', buffer: 1, dtype: 'float32', map: { offset: 0, strides: [n, 1] } },
    ],
  }
  const buffers: BufferSpec[] = [
    { dtype: 'int32', size: batch * n },
    { dtype: 'float32', size: batch * n },
    { dtype: 'float32', size: batch * width },
  ]
  const data = [
    Int32Array.from({ length: batch * n }, (_, i) => (i * 7) % width),
    Float32Array.from({ length: batch * n }, (_, i) => Math.cos(i)),
    hostArray('float32', batch * width),
  ]
  expect(runKernel(kernel, buffers, data, { split: true })).toEqual(interpret(kernel, data))
})

test('windows that overlap combine in order', () => {
  const [n, width] = [20, 200]
  const kernel: Scatter = {
    kind: 'scatter',
    extents: [n, width],
    buffer: 2,
    combine: 'add',
    map: { offset: 0, strides: [0, 1] },
    indirect: [{ index: 0, stride: 1 }],
    value: 1,
    body: [
      { op: 'load', buffer: 0, dtype: 'int32', map: { offset: 0, strides: [1, 0] } },
      { op: 'load', buffer: 1, dtype: 'float32', map: { offset: 0, strides: [width, 1] } },
    ],
  }
  const buffers: BufferSpec[] = [
    { dtype: 'int32', size: n },
    { dtype: 'float32', size: n * width },
    { dtype: 'float32', size: width + 50 },
  ]
  const data = [
    Int32Array.from({ length: n }, (_, i) => (i * 17) % 50),
    Float32Array.from({ length: n * width }, (_, i) => Math.sin(i) * 10 ** (i % 7)),
    hostArray('float32', width + 50),
  ]
  expect(runKernel(kernel, buffers, data, { split: true })).toEqual(interpret(kernel, data))
})
