/** Products by cuBLASLt's look-alike: every layout that a Product can say, with the epilogues, in the precisions. */
import { type Buffer, type Contraction, convert, type DType, hostArray, type TypedArray } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, afterEach, expect, test } from 'vitest'
import { elementwise, graphOf } from '../../core/test/support/smallGraphs.ts'
import type { Matrix, Precision, Product } from '../src/command.ts'
import { Convolutions } from '../src/runtime/convolutions.ts'
import { Plans } from '../src/runtime/plans.ts'
import { Products } from '../src/runtime/products.ts'
import { backendFor, fakeDriver } from './kit.ts'

const fake = await fakeDriver(),
  backend = await backendFor()
afterAll(() => backend.dispose())
afterEach(() => expect(fake.failure()).toBe(''))

interface Case {
  readonly product: Product
  readonly sizes: readonly [a: number, b: number, bias: number, result: number]
}

const small = fc.integer({ min: 1, max: 7 })
/** A matrix of these rows and columns in memory `memory`, with gaps, and how much memory it takes. */
const arbMatrix = (memory: number, batch: number, rows: number, columns: number, mayTranspose: boolean) =>
  fc
    .record({ offset: fc.nat(5), gap: fc.nat(3), between: fc.nat(4), transposed: mayTranspose ? fc.boolean() : fc.constant(false) })
    .map(({ offset, gap, between, transposed }) => {
      const [lines, length] = transposed ? [columns, rows] : [rows, columns],
        leading = length + gap,
        batchStride = lines * leading + between
      const matrix: Matrix = { memory, offset, batchStride, leading, transposed }
      return { matrix, size: offset + batch * batchStride }
    })

/** Of operands and of the result. */
const dtypes = fc.constantFrom<readonly [DType, DType]>(
  ['float32', 'float32'],
  ['float16', 'float16'],
  ['float16', 'float32'],
  ['bfloat16', 'bfloat16'],
  ['bfloat16', 'float32'],
)

const arbCase: fc.Arbitrary<Case> = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    rows: small,
    columns: small,
    sum: small,
    biased: fc.boolean(),
    relu: fc.boolean(),
    dtypes,
  })
  .chain(({ batch, rows, columns, sum, biased, relu, dtypes: [dtype, resultDType] }) =>
    fc
      .tuple(
        arbMatrix(0, batch, rows, sum, true),
        arbMatrix(1, batch, sum, columns, true),
        arbMatrix(3, batch, rows, columns, false),
        fc.nat(3),
      )
      .map(([a, b, result, offset]): Case => {
        const epilogue = { ...(biased && { bias: { memory: 2, offset } }), ...(relu && { activation: 'relu' as const }) }
        return {
          product: {
            kind: 'product',
            dtype,
            resultDType,
            batch,
            rows,
            columns,
            sum,
            a: a.matrix,
            b: b.matrix,
            result: result.matrix,
            epilogue,
          },
          sizes: [a.size, b.size, offset + columns, result.size],
        }
      }),
  )

const element = ({ offset, batchStride, leading, transposed }: Matrix, n: number, i: number, j: number): number =>
  offset + n * batchStride + (transposed ? j * leading + i : i * leading + j)

/** Multiples of 1/8 between -4 and 4: sums are exact in float32, factors in all dtypes. */
const data = (size: number, seed: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => ((Math.imul(i + seed, 40503) >>> 7) % 65) / 8 - 4)

function expected(
  { batch, rows, columns, sum, a, b, epilogue, resultDType }: Product,
  n: number,
  i: number,
  j: number,
  memory: readonly Float32Array[],
): number {
  expect(n < batch && i < rows && j < columns).toBe(true)
  let total = 0
  for (let k = 0; k < sum; k++) total += (memory[0]?.[element(a, n, i, k)] as number) * (memory[1]?.[element(b, n, k, j)] as number)
  if (epilogue.bias !== undefined) total += memory[2]?.[epilogue.bias.offset + j] as number
  return convert(epilogue.activation === 'relu' ? Math.max(0, total) : total, resultDType)
}

function stored(values: Float32Array, dtype: DType): TypedArray {
  const host = hostArray(dtype, values.length)
  host.set(values)
  return host
}

function compute({ product, sizes }: Case): { readonly memory: readonly Float32Array[]; readonly result: TypedArray } {
  const [a, b, bias, size] = sizes,
    graph = graphOf(
      [elementwise(1)],
      [
        [product.dtype, a],
        [product.dtype, b],
        [product.resultDType, bias],
      ],
      [[product.resultDType, size]],
    )
  const { emit } = backend.services
  Object.assign(backend.services, { emit: () => [product] })
  const memory = [a, b, bias].map((n, seed) => data(n, 1000 * seed)),
    types = [product.dtype, product.dtype, product.resultDType]
  const executable = backend.compile(graph),
    buffers = memory.map((m, i) => backend.upload(stored(m, types[i] as DType), types[i] as DType))
  const [y] = executable.run(buffers)
  const result = backend.readSync(y as Buffer)
  for (const buffer of [...buffers, y as Buffer]) backend.free(buffer)
  executable.dispose()
  Object.assign(backend.services, { emit })
  return { memory, result }
}

test('any offsets, strides, transposes, batches and epilogues', () => {
  fc.assert(
    fc.property(arbCase, c => {
      const { product } = c,
        { memory, result } = compute(c)
      for (let n = 0; n < product.batch; n++)
        for (let i = 0; i < product.rows; i++)
          for (let j = 0; j < product.columns; j++)
            expect(result[element(product.result, n, i, j)]).toBe(expected(product, n, i, j, memory))
    }),
    { numRuns: 150 },
  )
  expect(backend.memory()).toMatchObject({ live: 0, buffers: 0 })
})

test('a product that cuBLASLt has no algorithm for is computed by kernels', () => {
  const n = 64,
    [a, b] = [data(n * n, 0), data(n * n, 1000)],
    c: Contraction = {
      kind: 'contraction',
      dtype: 'float32',
      extents: [n, n, n],
      parallel: 2,
      a: { op: 'load', dtype: 'float32', buffer: 0, map: { offset: 0, strides: [n, 0, 1] } },
      b: { op: 'load', dtype: 'float32', buffer: 1, map: { offset: 0, strides: [0, 1, n] } },
      epilogue: [{ op: 'reduced', dtype: 'float32', index: 0 }],
      stores: [{ buffer: 2, map: { offset: 0, strides: [n, 1] }, value: 0 }],
    }
  const size = ['float32', n * n] as const,
    graph = graphOf([c], [size, size], [size])
  fake.reset()
  fake.fail('cublasLtMatmulAlgoGetHeuristic', 1, 15)
  const buffers = [a, b].map(x => backend.upload(x, 'float32')),
    [y] = backend.compile(graph).run(buffers)
  const sums = backend.readSync(y as Buffer)
  expect(fake.calls()['cublasLtMatmul'] ?? 0).toBe(0)
  expect([...sums]).toEqual(
    Array.from({ length: n * n }, (_, i) => {
      let sum = 0
      for (let k = 0; k < n; k++) sum += (a[Math.floor(i / n) * n + k] as number) * (b[k * n + (i % n)] as number)
      return sum
    }),
  )
  fake.reset()
  for (const buffer of [...buffers, y as Buffer]) backend.free(buffer)
})

test('the precision decides how operands are rounded', () => {
  const matrix = (memory: number): Matrix => ({ memory, offset: 0, batchStride: 1, leading: 1, transposed: false })
  const product: Product = {
    kind: 'product',
    dtype: 'float32',
    resultDType: 'float32',
    batch: 1,
    rows: 1,
    columns: 1,
    sum: 1,
    a: matrix(0),
    b: matrix(1),
    result: matrix(2),
    epilogue: {},
  }
  const x = 1 + 2 ** -9 + 2 ** -20,
    graph = graphOf(
      [elementwise(1)],
      [
        ['float32', 1],
        ['float32', 1],
      ],
      [['float32', 1]],
    )
  const { emit, plans } = backend.services
  const by = (precision: Precision): number => {
    Object.assign(backend.services, {
      emit: () => [product],
      plans: new Plans(new Products(backend.session, precision), new Convolutions(backend.session, precision)),
    })
    const buffers = [x, 1].map(v => backend.upload(Float32Array.of(v), 'float32'))
    const result = backend.readSync(backend.compile(graph).run(buffers)[0] as Buffer)[0] as number
    Object.assign(backend.services, { emit, plans })
    return result
  }
  expect(by('float32')).toBe(Math.fround(x))
  expect(by('tf32')).toBe(1 + 2 ** -9)
  expect(by('bf16')).toBe(1)
})
