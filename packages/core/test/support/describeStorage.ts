/** The dtypes that are only stored, on a backend: what goes in comes out, and kernels compute with float32 or int32 and round or wrap what they store. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Backend } from '../../src/backend/backend.ts'
import { setBackend } from '../../src/backend/current.ts'
import { createReference } from '../../src/backend/reference.ts'
import { fromHost } from '../../src/backend/execute.ts'
import { computeDType, convert, type DType, hostArray, isFloat, isHalf } from '../../src/dtype.ts'
import { halfValue } from '../../src/half.ts'
import * as np from '../../src/numpy/index.ts'
import * as special from '../../src/special/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'

export const storageDTypes = ['float16', 'bfloat16', 'int8', 'uint8'] as const
type Storage = (typeof storageDTypes)[number]

/** Every value that the dtype has. */
export const allValues = (dtype: Storage): number[] =>
  isHalf(dtype)
    ? Array.from({ length: 1 << 16 }, (_, bits) => halfValue(bits, dtype))
    : Array.from({ length: 256 }, (_, bits) => convert(bits, dtype))

const tensor = (values: readonly number[], dtype: DType, shape = [values.length]): Tensor => {
  const host = hostArray(dtype, values.length)
  values.forEach((v, i) => (host[i] = convert(v, dtype)))
  return fromHost(host, shape, dtype)
}
const read = (t: Tensor): number[] => [...t.dataSync()]
/** Equal to the bit; the first difference with its index otherwise. */
function same(got: readonly number[], wanted: readonly number[]): void {
  expect(got.length).toBe(wanted.length)
  const at = wanted.findIndex((w, i) => !Object.is(w, got[i]))
  if (at >= 0) expect({ at, value: got[at] }).toEqual({ at, value: wanted[at] })
}

/** A pseudo-random number for each i. */
const hash = (i: number): number => Math.imul(i ^ (i >>> 15), 0x2c1b3c6d) >>> 0
const singles = new Float32Array(Uint32Array.from({ length: 20011 }, (_, i) => Math.imul(i + 1, 0x9e3779b1)).buffer)
/** float32 numbers of all magnitudes, on ties and beside them. */
function awkward(dtype: Storage): number[] {
  if (!isHalf(dtype)) return Array.from({ length: 3001 }, (_, i) => hash(i) | 0)
  const values = Array.from({ length: 4099 }, (_, i) => halfValue((i * 31) & 0x7fff, dtype)).filter(Number.isFinite)
  const ties = values.flatMap(v => [1 + 2 ** -11, 1 + 2 ** -8, 1 + 3 * 2 ** -11, 1 + 3 * 2 ** -8].map(f => Math.fround(v * f)))
  return [...singles, ...ties, ...ties.map(v => -v), 65519, 65520, 65536, -65520, 2 ** -25, 2 ** -25 * 1.0001, -(2 ** -25), 2 ** -24 * 1.5]
}

export interface StorageOptions {
  /** False where arithmetic takes subnormal float32 numbers for zeros. @default true */
  readonly subnormals?: boolean
  /** Fewer lengths, functions and chains, where each compiles for long. @default false */
  readonly brief?: boolean
}

export function describeStorage(
  name: string,
  load: () => Backend | Promise<Backend>,
  { subnormals = true, brief = false }: StorageOptions = {},
): void {
  describe(`${name}: dtypes that are only stored`, () => {
    let before: Backend | null, backend: Backend
    beforeAll(async () => {
      backend = await load()
      before = setBackend(backend)
    })
    afterAll(async () => {
      setBackend(before)
      await backend.dispose()
    })
    /** Subnormal float32 numbers are zeros for some devices. */
    const normal = (values: readonly number[]): number[] => values.filter(v => subnormals || v === 0 || !(Math.abs(v) < 2 ** -126 * 1.01))

    describe.each(storageDTypes)('%s', dtype => {
      const wide = computeDType(dtype),
        values = allValues(dtype)
      test('uploads and reads all values', async () => {
        const t = tensor(values, dtype)
        same(read(t), values)
        same([...(await t.data())], values)
        expect(t.dataSync().constructor).toBe(hostArray(dtype, 0).constructor)
      })
      test('memory is counted by the dtype', () => {
        const { live } = backend.memory(),
          t = tensor(values, dtype)
        expect(backend.memory().live - live).toBeGreaterThanOrEqual(values.length)
        t.dispose()
        expect(backend.memory().live).toBe(live)
      })
      test('loads are exact', () => {
        const kept = normal(values)
        same(read(tensor(kept, dtype).astype(wide)), kept)
      })
      test('stores round and wrap', () => {
        const given = normal(awkward(dtype)).map(v => convert(v, wide))
        const wanted = given.map(v => convert(v, dtype))
        const kept = given.map((_, i) => i).filter(i => normal([wanted[i] as number]).length > 0)
        const x = tensor(
          kept.map(i => given[i] as number),
          wide,
        )
        const results = kept.map(i => wanted[i] as number)
        same(read(x.astype(dtype)), results)
        // Rounded inside of one kernel.
        same(
          read(jit((t: Tensor) => t.astype(dtype).astype(wide).neg())(x)),
          results.map(v => (isFloat(dtype) ? -v : 0 - v)),
        )
      })
      test('lengths that are no multiple of a vector, slices, reversals and padding', () => {
        for (const n of brief ? [3, 16] : [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33]) {
          const x = tensor(
            Array.from({ length: n }, (_, i) => i + 1),
            dtype,
          )
          same(
            read(x.add(1)),
            Array.from({ length: n }, (_, i) => i + 2),
          )
          same(read(np.flip(np.pad(x, 2))), [0, 0, ...Array.from({ length: n }, (_, i) => n - i), 0, 0])
          same(
            read(x.slice(n >> 1)),
            Array.from({ length: n - (n >> 1) }, (_, i) => (n >> 1) + i + 1),
          )
        }
      })
      test('transposes, gathers, scatters, sorts and running sums', () => {
        const x = tensor([5, 3, 9, 1, 7, 2], dtype, [2, 3])
        same(read(np.transpose(x).add(0)), [5, 1, 3, 7, 9, 2])
        same(read(np.take(x, tensor([2, 0], 'int32'), { axis: 1 })), [9, 5, 2, 1])
        same(read(x.at(tensor([1, 1, 0], 'int32')).add(1)), [6, 4, 10, 3, 9, 4])
        same(read(np.sort(x)), [3, 5, 9, 1, 2, 7])
        same(read(np.cumsum(x)), [5, 8, 17, 18, 25, 27])
        same(read(np.concatenate([x, x], { axis: 1 })), [5, 3, 9, 5, 3, 9, 1, 7, 2, 1, 7, 2])
        same(read(np.argmax(x, { axis: 1 })), [2, 1])
        same(read(np.max(x, { axis: 0 })), [5, 7, 9])
      })
      test('products of matrices', () => {
        const [m, k, n] = [13, 37, 18]
        const small = (seed: number, size: number): number[] => Array.from({ length: size }, (_, i) => (hash(i + seed) >>> 7) % 5)
        const a = small(1, m * k),
          b = small(2, k * n)
        const wanted = Array.from({ length: m * n }, (_, at) =>
          convert(
            Array.from({ length: k }, (_, i) => (a[Math.floor(at / n) * k + i] as number) * (b[i * n + (at % n)] as number)).reduce(
              (x, y) => x + y,
            ),
            dtype,
          ),
        )
        same(read(np.matmul(tensor(a, dtype, [m, k]), tensor(b, dtype, [k, n]))), wanted)
        const transposed = jit((x: Tensor, y: Tensor) => np.matmul(np.transpose(x), y).add(1))
        const at = Array.from({ length: k * m }, (_, i) => a[(i % m) * k + Math.floor(i / m)] as number)
        same(
          read(transposed(tensor(at, dtype, [k, m]), tensor(b, dtype, [k, n]))),
          Array.from({ length: m * n }, (_, i) => {
            const sum = Array.from({ length: k }, (_, j) => (a[Math.floor(i / n) * k + j] as number) * (b[j * n + (i % n)] as number))
            return convert(sum.reduce((x, y) => x + y) + 1, dtype)
          }),
        )
      })
      test('sums accumulate in the wide dtype', () => {
        const n = 5000,
          x = tensor(new Array<number>(n).fill(1), dtype)
        same(read(np.sum(x)), [isFloat(dtype) ? convert(n, dtype) : n])
        same(read(np.mean(x)), [1])
      })
    })

    test('random chains of all dtypes in one kernel, as the reference computes them', () => {
      const dtypes = [...storageDTypes, 'float32', 'int32'] as const
      fc.assert(
        fc.property(
          fc.constantFrom(...dtypes),
          fc.constantFrom(...dtypes),
          fc.array(fc.record({ step: fc.nat(chain.length - 1), dtype: fc.constantFrom(...dtypes) }), { minLength: 1, maxLength: 6 }),
          fc.integer({ min: 1, max: 5 }),
          fc.nat(7),
          fc.nat(),
          (first, second, steps, rows, columns, seed) => {
            const f = jit((x: Tensor, y: Tensor) => steps.reduce((z, { step, dtype }) => (chain[step] as Step)(z, y, dtype), x))
            const values = (k: number): number[] =>
              Array.from({ length: rows * columns }, (_, i) => ((hash(i + seed + k) >>> 5) % 200) / 8 - 7)
            const run = (on: Backend): number[] => {
              setBackend(on)
              return read(f(tensor(values(1), first, [rows, columns]), tensor(values(2), second, [rows, columns])))
            }
            const reference = createReference()
            try {
              same(run(backend), run(reference))
            } finally {
              setBackend(backend)
            }
          },
        ),
        { numRuns: brief ? 8 : 60 },
      )
    })

    describe.each(['float16', 'bfloat16'] as const)('%s: functions give what float32 gives, rounded', dtype => {
      const eps = np.finfo(dtype).eps
      const tested = Object.entries(functions).filter(([name]) => !brief || essential.includes(name))
      test.each(tested)('%s', (_, f) => {
        const values = (seed: number): number[] =>
          Array.from({ length: 12 }, (_, i) => convert(0.25 + (hash(i + seed) % 1024) / 700, dtype))
        const of = (as: DType): Tensor[] => [1, 100].map(seed => tensor(values(seed), as, [3, 4]))
        const wide = read(f(...(of('float32') as [Tensor, Tensor]))),
          y = f(...(of(dtype) as [Tensor, Tensor]))
        expect(y.dtype).toBe(dtype)
        // One rounding, or one on the other side of where the last bits of float32 differ.
        const largest = Math.max(...wide.map(Math.abs))
        read(y).forEach((v, i) => expect(Math.abs(v - (wide[i] as number))).toBeLessThanOrEqual(0.51 * eps * largest))
      })
      test('gradients have the dtype of what they are of', () => {
        const [x, w] = [tensor([1, 2, 3, 4, 5, 6], dtype, [2, 3]), tensor([0.5, 0.25, 1], dtype)]
        const loss = (w: Tensor): Tensor => np.square(np.matmul(x, w)).sum()
        const g = grad(loss)(w)
        expect(g.dtype).toBe(dtype)
        // 2 x^T x w
        same(read(g), [82, 108.5, 135])
        same(read(jit(grad(loss))(w)), [82, 108.5, 135])
      })
      // Core's alone, and many shaders.
      if (!brief)
        test('a relu whose result is stored passes the gradient on', () => {
          const loss = (w: Tensor, b: Tensor, v: Tensor): Tensor => {
            const h = np.maximum(np.add(np.matmul(x.astype(w.dtype), w), b), 0)
            return np
              .square(np.matmul(h, v))
              .sum()
              .add(np.square(np.max(np.multiply(np.exp(w), np.square(b)), { axis: 1 })).sum())
          }
          const shapes: readonly (readonly number[])[] = [[4, 6], [6], [6, 2]]
          const x = tensor(
            Array.from({ length: 12 }, (_, i) => Math.cos(3 * i)),
            'float32',
            [3, 4],
          )
          const gradients = (as: DType): number[][] => {
            const made = shapes.map((shape, k) =>
              np
                .sin(
                  np
                    .arange(shape.reduce((a, b) => a * b))
                    .add(k)
                    .mul(1.7),
                )
                .reshape(shape),
            )
            const held = made.map(t => t.astype(dtype).astype(as)) as unknown as [Tensor, Tensor, Tensor]
            return jit(grad(loss, { argnums: [0, 1, 2] }))(...held).map(read)
          }
          const wide = gradients('float32')
          gradients(dtype).forEach((g, k) => {
            const size = Math.hypot(...(wide[k] as number[]))
            expect(Math.hypot(...g.map((v, i) => v - (wide[k]?.[i] as number)))).toBeLessThan(8 * eps * size)
          })
        })
      test('a sum that float16 cannot hold has a mean', () => same(read(np.mean(tensor(new Array<number>(70000).fill(2), dtype))), [2]))
    })
  })
}

type Step = (x: Tensor, y: Tensor, dtype: DType) => Tensor
/** Functions that are exact in float32 and int32, on values that stay small. The shape stays. */
const chain: readonly Step[] = [
  (x, y) => np.add(x, y),
  (x, y) => np.subtract(x, y),
  (x, y) => np.maximum(np.negative(x), y),
  (x, y) => np.where(np.less(x, y), x, np.abs(y)),
  (x, _, dtype) => x.astype(dtype),
  (x, _, dtype) => x.astype(dtype).astype('float32'),
  x => np.flip(x, { axis: 1 }),
  x => np.sort(x, { axis: 0 }),
  (x, y) => np.add(x, np.max(np.concatenate([y, np.zerosLike(y)]), { axis: 0, keepdims: true })),
  x => np.clip(np.multiply(x, 2), -100, 100),
  x => np.reshape(np.roll(np.ravel(x), 3), x.shape),
]

/** What takes different ways through a backend. */
const essential = ['exp', 'mean', 'cumsum', 'matmul', 'scatterAdd', 'convolve']

/** Single primitives, and functions that compute in float32 inside. */
const functions: Readonly<Record<string, (x: Tensor, y: Tensor) => Tensor>> = {
  add: np.add,
  subtract: np.subtract,
  multiply: np.multiply,
  divide: np.divide,
  power: np.power,
  maximum: np.maximum,
  exp: np.exp,
  log: np.log,
  log1p: np.log1p,
  tanh: np.tanh,
  sqrt: np.sqrt,
  sin: np.sin,
  cbrt: np.cbrt,
  erfc: special.erfc,
  sum: x => np.sum(x, { axis: 0 }),
  prod: x => np.prod(x, { axis: 1 }),
  mean: x => np.mean(x, { axis: 1 }),
  variance: x => np.variance(x, { axis: 1 }),
  std: x => np.std(x),
  logsumexp: x => np.logsumexp(x, { axis: 1 }),
  cumsum: x => np.cumsum(x, { axis: 1 }),
  cumprod: x => np.cumprod(x, { axis: 0 }),
  matmul: (x, y) => np.matmul(x, np.transpose(y)),
  scatterAdd: (x, y) => x.at(fromHost(Int32Array.of(1, 1, 0), [3], 'int32')).add(y),
  convolve: (x, y) => np.convolve(np.ravel(x), np.ravel(y)),
}
