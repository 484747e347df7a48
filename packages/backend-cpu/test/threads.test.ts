/** Results do not depend on the number of threads, bit for bit: drawn programs, cut into as many tasks as they have rows. */
import {
  type Tensor,
  array,
  concatenate,
  cumsum,
  exp,
  jit,
  lax,
  matmul,
  max,
  mean,
  pad,
  reshape,
  scan,
  sin,
  sort,
  sum,
  take,
  tanh,
  transpose,
  valueAndGrad,
} from '@cotangent/core'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setBackend } from '../../core/src/backend/current.ts'
import { shareEverything } from './tune.ts'
import { openVariant } from './variants.ts'

/** Numbers that look random, the same for a size everywhere. */
const matrix = (rows: number, columns: number, seed: number): Tensor =>
  array(
    Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 1.37 + seed)),
    { shape: [rows, columns] },
  )
const rowsOf = (x: Tensor): number => x.shape[0] as number
const columnsOf = (x: Tensor): number => x.shape[1] as number
const indices = (n: number, below: number): Tensor => array(Int32Array.from({ length: n }, (_, i) => (7 * i) % Math.max(1, below)))
const convolve = (x: Tensor): Tensor => {
  const [r, c] = [rowsOf(x), columnsOf(x)]
  const image = concatenate([reshape(x, [1, r, c, 1]), reshape(sin(x), [1, r, c, 1])], { axis: 3 })
  const kernel = reshape(matrix(9, 6, 5), [3, 3, 2, 3])
  return reshape(lax.convGeneralDilated(image, kernel, [1, 1], 'SAME', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] }), [r, 3 * c])
}
const softmax = (x: Tensor): Tensor => {
  if (columnsOf(x) === 0) return x
  const e = exp(x.sub(max(x, { axis: 1, keepdims: true })))
  return e.div(sum(e, { axis: 1, keepdims: true }))
}
const running = (x: Tensor): Tensor => {
  const [last, all] = scan((carry: Tensor, row: Tensor) => [tanh(carry.mul(0.5).add(row)), carry.add(row)], sum(x, { axis: 0 }), x)
  return (all as Tensor).add(last as Tensor)
}

/** From matrix to matrix; `n` varies sizes and axes. */
const steps: Readonly<Record<string, (x: Tensor, n: number) => Tensor>> = {
  map: x => tanh(x).mul(x).add(sin(x)),
  centre: (x, n) => (x.size === 0 ? x : x.sub(mean(x, { axis: n % 2, keepdims: true }))),
  total: (x, n) => x.add(sum(x, { axis: n % 2, keepdims: true })),
  softmax,
  product: (x, n) => matmul(x, matrix(columnsOf(x), n, 3)),
  gram: x => matmul(transpose(x), x),
  transpose: x => transpose(x),
  cumsum: (x, n) => cumsum(x, { axis: n % 2 }),
  sort: (x, n) => sort(x, { axis: n % 2 }),
  pad: x => pad(x, 1),
  double: (x, n) => concatenate([x, x.neg()], { axis: n % 2 }),
  gather: (x, n) => (rowsOf(x) === 0 ? x : take(x, indices(n, rowsOf(x)), { axis: 0 })),
  convolve,
  running,
}

interface Drawn {
  readonly rows: number
  readonly columns: number
  readonly path: readonly (readonly [step: string, n: number])[]
  readonly gradient: boolean
}
const size = fc.constantFrom(0, 1, 2, 3, 5, 6, 7, 8, 13, 16, 31, 49, 66)
const drawn: fc.Arbitrary<Drawn> = fc.record({
  rows: size,
  columns: size,
  path: fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), size), { minLength: 1, maxLength: 5 }),
  gradient: fc.boolean(),
})

/** Values stay small, so that no step meets an infinity. */
const programOf =
  ({ path, gradient }: Drawn): ((x: Tensor) => Tensor | readonly Tensor[]) =>
  x => {
    const f = (y: Tensor): Tensor => path.reduce((z, [step, n]) => sin((steps[step] as (x: Tensor, n: number) => Tensor)(z, n)), y)
    return gradient ? valueAndGrad((y: Tensor) => sum(sin(f(y)).mul(f(y))))(x) : f(x)
  }

const THREADS = [1, 2, 3, 4]
/** Milliseconds to wait for workers to take part. */
const PATIENCE = 100

describe.each(['wide', 'relaxed', 'plain'] as const)('%s SIMD', simd => {
  const opened = THREADS.map(threads => openVariant({ simd, threads }))
  let undo: () => void
  beforeAll(() => {
    undo = shareEverything()
  })
  afterAll(async () => {
    undo()
    setBackend(null)
    for (const { backend } of opened) await backend.dispose()
  })

  /** The results' bits of a few runs, some of them shared where the program can be. */
  function bitsOn({ backend, pool }: (typeof opened)[number], d: Drawn): readonly (readonly Uint32Array[])[] {
    setBackend(backend)
    const f = jit(programOf(d) as (x: Tensor) => readonly Tensor[])
    const x = matrix(d.rows, d.columns, 1)
    const bits = (): Uint32Array[] => [f(x)].flat().map(t => new Uint32Array((t.dataSync() as Float32Array).slice().buffer))
    const results = [bits()]
    const goal = pool.parallelRuns + 2,
      end = performance.now() + (pool.threads === 1 ? 0 : PATIENCE)
    do results.push(bits())
    while (pool.parallelRuns < goal && performance.now() < end)
    return results
  }

  test('1, 2, 3 and 4 threads give the same bits', () => {
    fc.assert(
      fc.property(drawn, d => {
        const [expected] = bitsOn(opened[0] as (typeof opened)[number], d)
        for (const variant of opened.slice(1))
          for (const result of bitsOn(variant, d)) expect(result, `${variant.pool.threads} threads`).toEqual(expected)
      }),
      { numRuns: 20 },
    )
    for (const { pool } of opened.slice(1)) expect(pool.parallelRuns).toBeGreaterThan(20)
  })
})
