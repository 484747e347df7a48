/** The public checks find what they are for, and what they show is small. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bind1, type SimplePrimitive, type NoParams } from '../../src/extend.ts'
import { customJvp, customVjp, exp, init, lax, log, logsumexp, ones, sin, sqrt, sum, type Tensor } from '../../src/index.ts'
import { cos, pad, reshape, sliceAxis } from '../../src/numpy/index.ts'
import { sinP } from '../../src/primitives/trigonometric.ts'
import { arbShape, arbTensor, checkFunction } from '../../src/testing/index.ts'

await init({ backend: 'reference' })

const vectors = arbTensor({ shape: arbShape({ minRank: 1, maxRank: 1, maxSize: 6 }) })
const tensors = arbTensor({ shape: arbShape({ maxRank: 3 }) })

const complaint = (check: () => void): string => {
  try {
    check()
  } catch (e) {
    return (e as Error).message
  }
  return 'no fault found'
}
/** How many elements the arguments of a counterexample have. */
const sizeOf = (message: string): number =>
  [...message.matchAll(/= \w+\[([\d, ]*)\]/g)].reduce(
    (n, [, shape = '']) => n + shape.split(',').reduce((m, k) => m * Number(k || 1), 1),
    0,
  )

describe('planted faults', () => {
  test('a wrong factor in a derivative: both numbers, at one element', () => {
    const root = customJvp(
      (x: Tensor) => sqrt(x),
      ([x], [t]) => [sqrt(x), t.div(sqrt(x))],
    )
    const message = complaint(() => checkFunction(root, fc.tuple(arbTensor({ min: 0.5, max: 2 })), { seed: 1 }))
    expect(message).toMatch(
      /derivatives: .*the derivative by argument 0: result 0, element 0: jvp gives -?[\d.]+, central differences give -?[\d.]+/,
    )
    expect(message).toMatch(/for argument 0 = float32\[\] \[[\d.]+\]\n.*COTANGENT_SEED=1$/)
  })
  test('a sum over broadcast axes that is missing', () => {
    const shift = customVjp((x: Tensor, b: Tensor) => x.add(b), {
      forward: (x, b) => [x.add(b), null],
      backward: (_, ct) => [ct, sliceAxis(ct, 0, 1, { axis: 0 }).reshape([-1])],
    })
    const args = fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
      .chain(([n, m]) => fc.tuple(arbTensor({ shape: [n, m] }), arbTensor({ shape: [m] })))
    const message = complaint(() => checkFunction(shift, args, { modes: ['reverse'], order: 1, seed: 1 }))
    expect(message).toMatch(/the derivative by argument 1: along one direction vjp gives/)
    expect(sizeOf(message)).toBe(3)
  })
  test('a batching rule that ignores where its axis is', () => {
    const wrong: SimplePrimitive<NoParams> = { ...sinP, batch: ([x]) => ({ outputs: [bind1(wrong, [x as Tensor])], axes: [0] }) }
    const message = complaint(() => checkFunction((x: Tensor) => bind1(wrong, [x]), fc.tuple(tensors), { seed: 1 }))
    expect(message).toMatch(/vmap is a loop/)
    expect(sizeOf(message)).toBeLessThanOrEqual(2)
  })
  test('a result of another dtype', () => {
    const counted = (x: Tensor): Tensor => sum(x).astype('int32')
    const message = complaint(() => checkFunction(counted, fc.tuple(tensors), { equals: x => sum(x), gradients: false, seed: 1 }))
    expect(message).toMatch(/equals the other function: result 0 is int32\[\] instead of float32\[\]/)
    expect(sizeOf(message)).toBe(1)
  })
  test('a border of a convolution that is off by one', () => {
    const kernel = ones([3])
    const convolve = (x: Tensor): Tensor => {
      const n = x.shape[0] as number,
        wide = pad(x, [2, 1])
      return sliceAxis(wide, 0, n)
        .add(sliceAxis(wide, 1, n + 1))
        .add(sliceAxis(wide, 2, n + 2))
    }
    const right = (x: Tensor): Tensor =>
      reshape(lax.convGeneralDilated(reshape(x, [1, 1, x.size]), reshape(kernel, [1, 1, 3]), [1], 'SAME'), [x.size])
    const message = complaint(() => checkFunction(convolve, fc.tuple(vectors), { equals: right, seed: 1 }))
    expect(message).toMatch(/equals the other function: result 0\[\d\] is/)
    expect(sizeOf(message)).toBeLessThanOrEqual(2)
  })
})

test('right functions pass, with trees among the arguments', () => {
  const layer = (p: { readonly w: Tensor; readonly b: Tensor }, x: Tensor): Tensor => sin(x.matmul(p.w).add(p.b))
  const size = fc.integer({ min: 1, max: 3 })
  const args = fc
    .tuple(size, size)
    .chain(([n, m]) =>
      fc.tuple(
        fc.record({ w: arbTensor({ shape: [n, m] }), b: arbTensor({ shape: [m] }) }, { noNullPrototype: true }),
        arbTensor({ shape: [n] }),
      ),
    )
  checkFunction(layer, args, { runs: 5 })
  checkFunction((x: Tensor) => logsumexp(x), fc.tuple(tensors), { equals: x => log(sum(exp(x))), runs: 3 })
  checkFunction((x: Tensor) => cos(x), fc.tuple(tensors), { runs: 3 })
})

test('a failure is the same for the same seed', () => {
  const check = (): string =>
    complaint(() => checkFunction((x: Tensor) => x.mul(2), fc.tuple(tensors), { equals: x => x.mul(2.001), seed: 7 }))
  expect(check()).toMatch(/^checkFunction of /)
  expect(check()).toBe(check())
})
