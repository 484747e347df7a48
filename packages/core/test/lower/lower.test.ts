/** Whole Programs, lowered and fused, give what their equations give one by one. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { observeGraphs } from '../../src/backend/compile.ts'
import { setBackend } from '../../src/backend/current.ts'
import { runProgram } from '../../src/backend/execute.ts'
import { createReference } from '../../src/backend/reference.ts'
import { checkKernels } from '../../src/lower/check.ts'
import type { KernelGraph } from '../../src/lower/kernel.ts'
import * as np from '../../src/numpy/index.ts'
import { trace } from '../../src/program/trace.ts'
import type { Tensor } from '../../src/tensor.ts'

setBackend(createReference())
const graphs: KernelGraph[] = []
observeGraphs(g => {
  checkKernels(g)
  graphs.push(g)
})

/** One step of a random program: takes the tensors so far and two random numbers, gives a new one. */
type Step = (pool: readonly Tensor[], a: number, b: number) => Tensor
const pick = (pool: readonly Tensor[], n: number): Tensor => pool[n % pool.length] as Tensor
/** A partner that broadcasts against `x`. */
const partner = (pool: readonly Tensor[], x: Tensor, n: number): Tensor =>
  pick(
    pool.filter(y => y === x || fits(x.shape, y.shape)),
    n,
  )
const fits = (a: readonly number[], b: readonly number[]): boolean => {
  const k = Math.min(a.length, b.length)
  return a.slice(a.length - k).every((m, i) => m === b[b.length - k + i] || m === 1 || b[b.length - k + i] === 1) && largest(a, b) <= 600
}
const largest = (a: readonly number[], b: readonly number[]): number => Math.max(...a, 1) * Math.max(...b, 1) * 24
const steps: Record<string, Step> = {
  add: (p, a, b) => np.add(pick(p, a), partner(p, pick(p, a), b)),
  multiply: (p, a, b) => np.multiply(pick(p, a), partner(p, pick(p, a), b)),
  maximum: (p, a, b) => np.maximum(pick(p, a), partner(p, pick(p, a), b)),
  where: (p, a, b) => np.where(pick(p, a).greater(0), pick(p, a), partner(p, pick(p, a), b)),
  scale: (p, a, b) => pick(p, a).mul(0.25 * (b % 7) - 0.5),
  floor: (p, a) => np.floor(pick(p, a)),
  sum: (p, a, b) => {
    const x = pick(p, a)
    return x.ndim === 0 ? x : x.sum({ axis: b % x.ndim, keepdims: b % 2 === 0 })
  },
  max: (p, a, b) => {
    const x = pick(p, a)
    return x.ndim === 0 || x.size === 0 ? x : x.max({ axis: b % x.ndim, keepdims: b % 3 === 0 })
  },
  mean: (p, a) => pick(p, a).mean(),
  transpose: (p, a) => pick(p, a).transpose(),
  expand: (p, a, b) => {
    const x = pick(p, a)
    return x.ndim > 3 ? x : np.expandDims(x, b % (x.ndim + 1))
  },
  ravel: (p, a) => np.ravel(pick(p, a)),
  flip: (p, a, b) => {
    const x = pick(p, a)
    return x.ndim === 0 ? x : np.flip(x, { axis: b % x.ndim })
  },
  slice: (p, a, b) => {
    const x = pick(p, a)
    return x.ndim === 0 ? x : x.slice(b % ((x.shape[0] as number) + 1))
  },
  concatenate: (p, a) => {
    const x = pick(p, a)
    return x.ndim === 0 || x.size > 100 ? x : np.concatenate([x, x.mul(2), x], { axis: x.ndim - 1 })
  },
  matmul: (p, a) => {
    const x = pick(p, a)
    return x.ndim < 2 || x.size > 200 ? x : np.matmul(x, np.swapaxes(x, -1, -2))
  },
}

const arbProgram = fc.record({
  shapes: fc.array(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  steps: fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(50), fc.nat(50)), { minLength: 1, maxLength: 14 }),
  seed: fc.nat(1000),
})

describe('lowering and fusion', () => {
  it('gives what the equations give one by one', () => {
    fc.assert(
      fc.property(arbProgram, ({ shapes, steps: plan, seed }) => {
        const inputs = shapes.map((shape, k) =>
          np.array(
            Float32Array.from({ length: shape.reduce((x, y) => x * y, 1) }, (_, i) => (((i + 1) * (seed + 7 * k + 3)) % 17) / 4 - 2),
            { shape },
          ),
        )
        const f = (...xs: readonly Tensor[]): readonly Tensor[] => {
          const pool = [...xs]
          for (const [name, a, b] of plan) pool.push((steps[name] as Step)(pool, a, b))
          return pool.slice(xs.length).filter((_, i, all) => i === all.length - 1 || i % 3 === 0)
        }
        const eager = f(...inputs)
        const { program, captured } = trace(
          f,
          inputs.map(t => t.aval),
          'test',
        )
        const fused = runProgram(program, [...captured, ...inputs])
        eager.forEach((e, i) => {
          expect((fused[i] as Tensor).shape).toEqual(e.shape)
          const x = e.dataSync(),
            y = (fused[i] as Tensor).dataSync()
          x.forEach((v, k) => {
            if (!(Math.abs(v - (y[k] as number)) <= 1e-5 * Math.max(1, Math.abs(v)))) expect(y[k]).toBe(v)
          })
        })
      }),
      { numRuns: 300 },
    )
  })
})
