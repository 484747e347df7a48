import { type BufferSpec, type ComputeDType, hostArray, type Node, type Scatter, type TypedArray } from '@cotangent/core/kernel'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { Builder, type Draw, drawWith, extentsFor, filled, nodesFor } from '../../backend-cpu/test/arbitrary-loop.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import type { EmitContext } from '../src/pass.ts'
import { interpret, runKernel } from './draw.ts'
import { backendFor } from './kit.ts'

const backend = backendFor({ debug: true })
/** As where the device cannot blend into float textures: everything but `set` is by search. */
const withoutBlending = backendFor({
  debug: true,
  emit: (context, kernel) =>
    emitKernel(Object.create(context, { limits: { value: { ...context.limits, floatBlend: false } } }) as EmitContext, kernel),
})
afterAll(() => Promise.all([backend.dispose(), withoutBlending.dispose()]))

const combines = ['set', 'add', 'mul', 'min', 'max'] as const

/** Any body and map, indices by load, sometimes a condition. */
function buildScatter(draw: Draw): { kernel: Scatter; buffers: readonly BufferSpec[]; data: readonly TypedArray[] } {
  const b = new Builder(draw),
    dtype = draw.pick<ComputeDType>(['float32', 'int32', 'uint32'])
  const extents = extentsFor(draw, draw.int(0, 3))
  const body: Node[] = nodesFor(draw, b, extents, dtype, [])
  const value = body.findLastIndex(n => n.dtype === dtype)
  const conditions = body.flatMap((n, i) => (n.dtype === 'bool' ? [i] : []))
  const { map, size } = b.map(extents)
  const n = draw.int(1, 6),
    stride = draw.pick([1, 2, 4, size])
  const indirect: Scatter['indirect'] = draw.int(0, 2) === 0 ? [] : [{ index: b.gatherIndex(body, extents, n), stride }]
  const buffer = b.buffer(dtype, size + stride * n)
  const where = conditions.length > 0 ? { where: draw.pick(conditions) } : {}
  const kernel: Scatter = { kind: 'scatter', extents, body, buffer, combine: draw.pick(combines), map, indirect, value, ...where }
  return { kernel, buffers: b.buffers, data: b.data }
}

test('random scatters combine in iteration order', () => {
  fc.assert(
    fc.property(fc.gen(), gen => {
      const { kernel, buffers, data } = buildScatter(drawWith(gen))
      const wanted = interpret(kernel, data)
      for (const b of [backend, withoutBlending]) expect(runKernel(b, kernel, buffers, data)).toEqual(wanted)
    }),
    { numRuns: 40 },
  )
})

const load = (buffer: number, dtype: ComputeDType, strides: readonly number[]): Node => ({
  op: 'load',
  buffer,
  dtype,
  map: { offset: 0, strides },
})

/** `table[index[i], :]` combined with `rows[i, :]`: rounding shows the order. */
describe.each([
  [50, 8, 3],
  [200, 132, 5],
  [33, 64, 1],
  [64, 7, 64],
])('%i rows of %i into %i', (n, width, vocabulary) => {
  test.each(combines)('%s', combine => {
    const kernel: Scatter = {
      kind: 'scatter',
      extents: [n, width],
      buffer: 2,
      combine,
      map: { offset: 0, strides: [0, 1] },
      indirect: [{ index: 0, stride: width }],
      value: 1,
      body: [load(0, 'int32', [1, 0]), load(1, 'float32', [width, 1])],
    }
    const buffers: BufferSpec[] = [
      { dtype: 'int32', size: n },
      { dtype: 'float32', size: n * width },
      { dtype: 'float32', size: vocabulary * width },
    ]
    const rows = Float32Array.from({ length: n * width }, (_, i) => Math.sin(i) * (combine === 'mul' ? 2 : 10 ** (i % 7)))
    const data = [Int32Array.from({ length: n }, (_, i) => (i * i + 3 * i) % vocabulary), rows, filled(1, 'float32', vocabulary * width)]
    const [got] = runKernel(backend, kernel, buffers, data) as [Float32Array]
    const [wanted] = interpret(kernel, data) as [Float32Array]
    // Products of many numbers below 1 become subnormal, which the device may take for 0.
    const least = combine === 'mul' ? 2 ** -126 : 0
    const cut = (x: number): number => (Math.abs(x) < least ? 0 : x)
    expect([...got].map(cut)).toEqual([...wanted].map(cut))
  })
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
    body: [load(0, 'int32', [n, 1]), load(1, 'float32', [n, 1])],
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
  expect(runKernel(backend, kernel, buffers, data)).toEqual(interpret(kernel, data))
})

/** `table[index[i]]` combined with `values[i]`. */
function elements(dtype: ComputeDType, combine: Scatter['combine'], values: TypedArray, bins: number): void {
  const n = values.length
  const kernel: Scatter = {
    kind: 'scatter',
    extents: [n],
    buffer: 2,
    combine,
    map: { offset: 0, strides: [0] },
    indirect: [{ index: 0, stride: 1 }],
    value: 1,
    body: [load(0, 'int32', [1]), load(1, dtype, [1])],
  }
  const buffers: BufferSpec[] = [
    { dtype: 'int32', size: n },
    { dtype, size: n },
    { dtype, size: bins },
  ]
  const data = [Int32Array.from({ length: n }, (_, i) => (i * i) % bins), values, filled(5, dtype, bins)]
  expect(runKernel(backend, kernel, buffers, data)).toEqual(interpret(kernel, data))
}

test.each(['int32', 'uint32', 'bool'] as const)('%s', dtype => {
  const some = dtype === 'bool' ? (['set', 'max', 'min'] as const) : combines
  for (const combine of some) elements(dtype, combine, filled(3, dtype, 3000), 37)
})

test('more integers to add than one draw can count', () => {
  elements('int32', 'add', new Int32Array(140_000).fill(-1), 2)
})

test('extrema of zeros of both signs, infinities and NaN', () => {
  const edges = [0, -0, Infinity, -Infinity, 1, -1, 3.4028234663852886e38, -3.4028234663852886e38, 2 ** -126]
  for (const combine of ['max', 'min'] as const)
    for (const bins of [1, 3, 40]) {
      elements(
        'float32',
        combine,
        Float32Array.from({ length: 50 }, (_, i) => edges[(i * 5) % 9] as number),
        bins,
      )
      elements('float32', combine, Float32Array.of(-0, -0, NaN, 0), bins)
    }
})
