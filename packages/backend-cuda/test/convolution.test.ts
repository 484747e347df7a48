/** Convolutions by cuDNN's look-alike against their definition, and what becomes of them where there is no cuDNN, or it refuses. */
import { array, grad, jit, maximum, reshape, type Tensor } from '@cotangent/core'
import { CotangentError, dropUnitAxes, type Guard, type Node } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, afterEach, expect, test } from 'vitest'
import { setBackend } from '../../core/src/backend/current.ts'
import { createReference } from '../../core/src/backend/reference.ts'
import { convGeneralDilated } from '../../core/src/lax/convolution.ts'
import { arbContraction, conv, directions, layers } from '../../core/test/support/arbContractions.ts'
import {
  type Case,
  type ConvOptions,
  convForward,
  convInput,
  convShape,
  convWeight,
  float32,
  matmul,
  withEpilogue,
} from '../../core/test/support/contractions.ts'
import type { CudaBackend } from '../src/backend.ts'
import type { EmitKernel, Precision } from '../src/command.ts'
import type { CudaOptions } from '../src/index.ts'
import { convolutionOf } from '../src/kernels/convolution.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import { emitGraph, type Libraries } from '../src/runtime/emitted.ts'
import { openFake } from './fake/control.ts'
import { backendFor, everyLibrary, fakeDriver } from './kit.ts'
import { graphOf, type Problem, problemOf, runCase } from './support/contractions.ts'

const fake = await fakeDriver()
afterEach(() => expect(fake.failure()).toBe(''))

/** By cuDNN whatever their size. */
const always: EmitKernel = (context, kernel) => {
  const own = kernel.kind === 'contraction' ? dropUnitAxes(kernel) : kernel
  return (own.kind === 'contraction' ? convolutionOf(context, own) : undefined) ?? emitKernel(context, kernel)
}

async function convolving(options: CudaOptions = {}): Promise<CudaBackend> {
  const made = await backendFor(options)
  Object.assign(made.services, { emit: always })
  return made
}

const backend = await convolving()
afterAll(() => backend.dispose())

/** The calls of cuDNN that a case made, after it was found to be right. */
function callsOf(c: Case, own: CudaBackend = backend, problem: Problem = {}): readonly string[] {
  fake.reset()
  expect(problemOf(own, c, problem)).toBe('')
  return fake.log().flatMap(l => (l.name.startsWith('cudnn') ? [l.name] : []))
}

const forward = 'cudnnConvolutionForward',
  gradient = 'cudnnConvolutionBackwardFilter'

test.each(directions)('random: %s', (_, make) => {
  let taken = 0
  fc.assert(
    fc.property(conv, fc.boolean(), (any, isSymmetric) => {
      const [low = 0] = any.pad ?? [],
        v = isSymmetric ? { ...any, pad: [low, low] as const } : any
      const { ho, wo } = convShape(v)
      fc.pre(ho > 0 && wo > 0)
      taken += callsOf(make(v)).length
    }),
    { numRuns: 40 },
  )
  expect(taken).toBeGreaterThan(0)
})

test.each(layers.slice(0, 4))('layers: %s', (name, v) => {
  for (const nchw of [false, true]) {
    const layer: ConvOptions = { ...v, nchw }
    // Paddings that differ are not cuDNN's; those here are, or lie behind the last window.
    const symmetric = name !== '7 x 7, stride 2'
    expect(callsOf(convForward(layer))).toEqual(symmetric ? [forward] : [])
    expect(callsOf(convWeight(layer))).toEqual(symmetric ? [gradient] : [])
    expect(callsOf(convInput(layer)).filter(call => call !== forward)).toEqual([])
  }
})

const layer: ConvOptions = { n: 3, h: 9, w: 8, c: 4, o: 8, kh: 3, kw: 3, pad: [1, 1] }

test('strides, dilations and groups', () => {
  for (const more of [{ stride: 2, h: 9, w: 9 }, { dilation: 2, pad: [2, 2] }, { groups: 2 }, { kh: 1, kw: 3, pad: [0, 0] }] as const)
    for (const nchw of [false, true]) {
      expect(callsOf(convForward({ ...layer, ...more, nchw }))).toEqual([forward])
      expect(callsOf(convWeight({ ...layer, ...more, nchw }))).toEqual([gradient])
    }
  expect(callsOf(convInput(layer))).toEqual([forward])
  for (const transposeA of [false, true])
    for (const transposeB of [false, true])
      for (const k of [16, 80]) expect(callsOf(matmul(40, 24, k, { batch: 2, transposeA, transposeB }))).toEqual([])
})

test('operands of 16 bits are copied as float32', () => {
  for (const half of ['float16', 'bfloat16'] as const) {
    const of = ({ buffers, contraction }: Case, results = false): Case => ({
      buffers: buffers.map((b, i) => (i < 2 || results ? { ...b, dtype: half } : b)),
      contraction,
    })
    expect(callsOf(of(convForward(layer)), backend, { rounding: 2 ** -8 })).toEqual([forward])
    expect(callsOf(of(convForward(layer), true), backend, { rounding: 2 ** -8 })).toEqual([forward])
    expect(callsOf(of(convWeight(layer), true), backend, { rounding: 2 ** -8 })).toEqual([gradient])
  }
})

interface Layer {
  readonly x: readonly number[]
  readonly w: readonly number[]
  readonly strides: readonly number[]
  readonly padding: 'SAME' | 'VALID'
  readonly groups?: number
  readonly last: boolean
}

/** A layer's result and all its gradients, by the library. */
function trained({ x, w, strides, padding, groups = 1, last }: Layer): readonly (readonly number[])[] {
  const numbers = last ? (['NHWC', 'HWIO', 'NHWC'] as const) : (['NCHW', 'OIHW', 'NCHW'] as const)
  const filters = w[last ? 3 : 0] as number,
    values = (shape: readonly number[], seed: number): Tensor =>
      reshape(array(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * i + seed))), shape)
  const apply = (image: Tensor, filter: Tensor, bias: Tensor): Tensor =>
    maximum(
      convGeneralDilated(image, filter, strides, padding, { dimensionNumbers: numbers, featureGroupCount: groups }).add(
        last ? bias : reshape(bias, [filters, 1, 1]),
      ),
      0,
    )
  const step = jit((a: Tensor, b: Tensor, c: Tensor): readonly Tensor[] => {
    const loss = (p: readonly [Tensor, Tensor, Tensor]): Tensor => {
      const y = apply(...p)
      return y.mul(y).sum()
    }
    return [apply(a, b, c), ...grad(loss)([a, b, c])]
  })
  return step(values(x, 0), values(w, 1), values([filters], 2)).map(t => [...t.dataSync()])
}

const image = [2, 12, 10, 4],
  filter = [3, 3, 4, 8],
  first = [2, 4, 12, 10],
  filterFirst = [8, 4, 3, 3]
/** And how often cuDNN is called for the result and for the gradients of image and filter. */
const trainings: readonly (readonly [string, Layer, forward: number, gradients: number])[] = [
  ['same', { x: image, w: filter, strides: [1, 1], padding: 'SAME', last: true }, 2, 1],
  ['valid', { x: image, w: filter, strides: [1, 1], padding: 'VALID', last: true }, 2, 1],
  ['same, channels first', { x: first, w: filterFirst, strides: [1, 1], padding: 'SAME', last: false }, 2, 1],
  ['valid, channels first', { x: first, w: filterFirst, strides: [1, 1], padding: 'VALID', last: false }, 2, 1],
  ['groups', { x: image, w: [3, 3, 2, 8], strides: [1, 1], padding: 'SAME', groups: 2, last: true }, 2, 1],
  ['steps of two', { x: [2, 13, 11, 4], w: filter, strides: [2, 2], padding: 'SAME', last: true }, 4, 1],
  ['steps of two, valid', { x: [2, 13, 11, 4], w: filter, strides: [2, 2], padding: 'VALID', last: true }, 4, 1],
]

test.each(trainings)('layers and their gradients through the library: %s', async (_, layer, forwards, gradients) => {
  setBackend(createReference())
  const expected = trained(layer)
  fake.reset()
  setBackend(backend)
  const got = trained(layer)
  setBackend(null)
  const calls = fake.log().map(l => l.name)
  got.forEach((values, i) => {
    const scale = Math.max(1, ...(expected[i] ?? []).map(Math.abs))
    values.forEach((value, k) => expect(Math.abs(value - (expected[i]?.[k] ?? NaN))).toBeLessThan(2e-5 * scale))
  })
  expect(calls.filter(c => c === gradient)).toHaveLength(gradients)
  expect(calls.filter(c => /^cudnn.*Forward$/.test(c))).toHaveLength(forwards)
})

const op = (name: 'add' | 'max' | 'tanh', ...args: readonly number[]): Node => ({ op: name, dtype: 'float32', args })
function biased(v: ConvOptions, more: readonly Node[], value: number): Case {
  const c = convForward(v),
    strides = v.groups === undefined ? [0, 0, 0, 0, 1] : [0, 0, 0, v.o, 1]
  const bias = (buffer: number): Node => ({ op: 'load', buffer, dtype: 'float32', map: { offset: 0, strides } })
  return withEpilogue(c, [float32((v.groups ?? 1) * v.o)], first => [bias(first), op('add', 0, 1), ...more], [value])
}
const zero: Node = { op: 'const', dtype: 'float32', value: 0 }

test('a bias, a relu, and what only a Loop can do', () => {
  for (const v of [layer, { ...layer, groups: 2 }, { ...layer, nchw: true }]) {
    for (const c of [biased(v, [], 2), biased(v, [zero, op('max', 2, 3)], 4)]) {
      expect(callsOf(c)).toEqual(['cudnnConvolutionBiasActivationForward'])
      expect(fake.log().at(-1)?.name).toBe('cudnnConvolutionBiasActivationForward')
    }
    expect(callsOf(biased(v, [op('tanh', 2)], 3))).toEqual([forward])
    expect(fake.log().at(-1)?.name).toMatch(/^loop/)
  }
})

test('the precision decides how operands are rounded', async () => {
  for (const precision of ['tf32', 'bf16'] as const) {
    const own = await convolving({ precision })
    for (const make of [convForward, convWeight]) expect(callsOf(make(layer), own, { rounding: 2 ** -11 })).toHaveLength(1)
    await own.dispose()
  }
})

test('any affine maps', () => {
  fc.assert(
    fc.property(arbContraction, c => void callsOf(c)),
    { numRuns: 150 },
  )
})

test('a window with two guards is none', () => {
  const { contraction, buffers } = convForward(layer),
    [rows, columns] = contraction.a.guards as readonly [Guard, Guard]
  const narrower: Guard = { ...rows, extent: rows.extent - 2 }
  for (const guards of [
    [rows, columns, narrower],
    [columns, columns, rows],
  ])
    expect(callsOf({ buffers, contraction: { ...contraction, a: { ...contraction.a, guards } } })).toEqual([])
})

test('without cuDNN, and where it is too old or refuses, tiles do it', async () => {
  const { library } = await openFake(['cudnnSetConvolutionGroupCount'])
  for (const cudnn of ['none', library]) {
    const own = await convolving({ libraries: { ...everyLibrary(fake.library), cudnn } })
    expect(own.session.device.convolutions).toBe(false)
    for (const [, make] of directions) expect(callsOf(make(layer), own)).toEqual([])
    await own.dispose()
  }
  // The look-alike does not support such paddings.
  expect(callsOf(convForward({ ...layer, n: 1, h: 4, w: 4, pad: [70, 70] }))).toEqual([])
})

test('only large ones are given to cuDNN, and of float32 units very large ones', async () => {
  const own = await backendFor({ precision: 'tf32' })
  expect(callsOf(convForward(layer), own, { rounding: 2 ** -11 })).toEqual([])
  fake.reset()
  runCase(own, convForward({ ...layer, n: 4, h: 32, w: 32, c: 32, o: 32 }))
  expect(fake.log().map(l => l.name)).toContain(forward)
  await own.dispose()
  const { target } = own.services
  const waysOf = (precision: Precision, n: number, make = convForward): readonly string[] => {
    const libraries: Libraries = { workspaceOf: () => 0, multiplies: () => false, convolves: () => true },
      graph = graphOf(make({ ...layer, n, h: 32, w: 32, c: 32, o: 32 }))
    return [...emitGraph(graph, { ...target, precision }, emitKernel, libraries).commands.values()].flat().map(c => c.kind)
  }
  expect(waysOf('tf32', 4)).toContain('convolution')
  expect(waysOf('float32', 4)).toEqual(['launch'])
  expect(waysOf('float32', 256)).toContain('convolution')
  expect(waysOf('tf32', 4, convWeight)).not.toContain('convolution')
  expect(waysOf('tf32', 256, convWeight)).toContain('convolution')
})

const descriptors = (): readonly (readonly [string, number])[] => Object.entries(fake.live()).filter(([kind]) => kind.startsWith('cudnn'))

test('plans are shared, kept for the next executables, and released with the backend', async () => {
  const before = descriptors(),
    own = await convolving()
  callsOf(convForward(layer), own)
  callsOf(convForward(layer), own)
  expect(fake.calls()['cudnnCreateFilterDescriptor'] ?? 0).toBe(0)
  for (let h = 3; h < 303; h++) own.compile(graphOf(convForward({ ...layer, h }))).dispose()
  const filters = new Map(descriptors()).get('cudnn filters') ?? 0
  expect(filters - (new Map(before).get('cudnn filters') ?? 0)).toBeLessThanOrEqual(257)
  await own.dispose()
  expect(descriptors()).toEqual(before)
})

test('each call of cuDNN that fails is a BackendError, leaves nothing behind, and the backend works', async () => {
  const cases = [convForward(layer), convWeight(layer), biased(layer, [], 2)]
  const scenario = async (): Promise<void> => {
    const own = await convolving()
    try {
      for (const c of cases) expect(problemOf(own, c)).toBe('')
    } finally {
      await own.dispose()
    }
  }
  fake.reset()
  await scenario()
  const calls = Object.entries(fake.calls()).filter(([name, count]) => name.startsWith('cudnn') && count > 0 && !name.includes('Destroy'))
  expect(calls.length).toBeGreaterThan(14)
  for (const [name, count] of calls)
    for (let nth = 1; nth <= count; nth++) {
      fake.reset()
      const before = fake.live()
      fake.fail(name, nth, 5000)
      const outcome = await scenario().catch((e: unknown) => e)
      expect(outcome, `${name}, call ${nth}`).toBeInstanceOf(CotangentError)
      expect(outcome, `${name}, call ${nth}`).toMatchObject({ name: 'BackendError', message: expect.stringContaining(name) as string })
      expect(fake.live(), `${name}, call ${nth}`).toEqual(before)
    }
  fake.reset()
  await scenario()
})
