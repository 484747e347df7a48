import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Tensor,
  array,
  clip,
  cos,
  customJvp,
  customVjp,
  exp,
  init,
  maximum,
  mean,
  multiply,
  ones,
  random,
  scan,
  sin,
  square,
  stopGradient,
  subtract,
  sum,
  tanh,
} from '../../src/index.ts'
import { arbTensor, checkGrads } from '../../src/testing/index.ts'

await init({ backend: 'reference' })

interface Layer {
  readonly w: Tensor
  readonly b: Tensor
}
interface Params {
  readonly layers: readonly Layer[]
  readonly scale: Tensor
}
const mlp = ({ layers, scale }: Params, x: Tensor): Tensor => layers.reduce((h, { w, b }) => tanh(h.matmul(w).add(b)), x).mul(scale)
const loss = (params: Params, x: Tensor, y: Tensor): Tensor => mean(square(subtract(mlp(params, x), y)))

const params = fc.record(
  {
    layers: fc.tuple(
      fc.record({ w: arbTensor({ shape: [3, 4] }), b: arbTensor({ shape: [4] }) }),
      fc.record({ w: arbTensor({ shape: [4, 2] }), b: arbTensor({ shape: [2] }) }),
    ),
    scale: arbTensor({ shape: [] }),
  },
  { noNullPrototype: true },
)

const complaint = (check: () => void): string => {
  try {
    check()
  } catch (e) {
    return `${(e as Error).name}: ${(e as Error).message}`
  }
  return 'no fault found'
}

describe('right derivatives', () => {
  it('of a network on trees', () => {
    fc.assert(
      fc.property(params, arbTensor({ shape: [2, 3] }), arbTensor({ shape: [2, 2] }), (p, x, y) => checkGrads(loss, [p, x, y])),
      { numRuns: 10 },
    )
  })
  it('of results that are trees, with integers among arguments and results', () => {
    const f = (x: Tensor, labels: Tensor): unknown => ({ a: sin(x), b: [x.mul(labels), labels] })
    checkGrads(f, [array([0.3, -1.2]), array([1, 2], { dtype: 'int32' })])
  })
  it('of piecewise functions, away from the kinks', () => {
    fc.assert(
      fc.property(arbTensor(), arbTensor(), (x, y) =>
        checkGrads((a: Tensor, b: Tensor) => [maximum(a, 0), clip(b, -1, 1), sum(a)], [x, y]),
      ),
      { numRuns: 20 },
    )
  })
  it('of scans, up to the third order', () => {
    checkGrads((x: Tensor) => scan((c: Tensor, v: Tensor) => [sin(c.mul(v)), c], array(0.5), x)[1], [array([0.3, 1.1, -0.4])], { order: 3 })
  })
  it('in one mode only', () => {
    checkGrads(sin, [array([1, 2])], { modes: ['forward'] })
    checkGrads(sin, [array([1, 2])], { modes: ['reverse'] })
  })
  it('of numbers and keys', () => {
    checkGrads((x: Tensor, k: random.Key) => multiply(x, random.normal(k, [3])), [array(2), random.key(1)])
  })
})

describe('wrong derivatives', () => {
  const wrongReverse = customVjp((x: Tensor) => sin(x), {
    forward: x => [sin(x), x],
    backward: (x, ct) => [multiply(ct, multiply(1.001, cos(x)))],
  })
  const wrongForward = customJvp(
    (x: Tensor) => sin(x),
    ([x], [t]) => [sin(x), multiply(t, sin(x))],
  )
  /** The first derivative is right, but looks constant. */
  const flat = customJvp(
    (x: Tensor) => exp(x),
    ([x], [t]) => [exp(x), multiply(t, stopGradient(exp(x)))],
  )

  it('name the argument by its path', () => {
    const f = (params: { readonly blocks: readonly Tensor[] }, x: Tensor): Tensor =>
      sum(params.blocks.reduce((y, w, i) => (i === 1 ? wrongForward(y.mul(w)) : y.mul(w)), x.mul(0).add(0.5)))
    expect(complaint(() => checkGrads(f, [{ blocks: [stopGradient(array(0.5)), array(0.7)] }, ones([2])]))).toMatch(
      /^GradientError: checkGrads of f: the derivative by params\.blocks\[0\]: result 0, element 0: jvp gives -?\d.*, central differences give -?\d/,
    )
  })
  it('are found in reverse mode, with both numbers', () => {
    const f = (x: Tensor, y: Tensor): Tensor => sin(x).add(wrongReverse(y))
    expect(complaint(() => checkGrads(f, [array([1, 2]), array([0.5, 1.5])], { modes: ['reverse'] }))).toMatch(
      /^GradientError: checkGrads of f: the derivative by y: along one direction vjp gives -?\d.*, central differences give -?\d/,
    )
  })
  it('are found in the second order', () => {
    expect(complaint(() => checkGrads(flat, [array([1, 2])], { order: 1 }))).toBe('no fault found')
    expect(complaint(() => checkGrads(flat, [array([1, 2])]))).toMatch(/order 2 and above: the derivative by argument 0.*jvp gives 0/)
  })
  it('are found by a property, at any point', () => {
    expect(() => fc.assert(fc.property(arbTensor({ shape: [2] }), x => checkGrads(wrongForward, [x])))).toThrow()
  })
})

describe('what cannot be checked', () => {
  it('has no floats', () => {
    expect(complaint(() => checkGrads((n: Tensor) => n, [array([1], { dtype: 'int32' })]))).toMatch(
      /^GradientError: .*no argument holds floats/,
    )
    expect(complaint(() => checkGrads((x: Tensor) => x.greater(0), [array([1])]))).toMatch(/^GradientError: .*result holds no floats/)
  })
  it('reads numbers of what it computes', () => {
    expect(complaint(() => checkGrads((x: Tensor) => x.mul(x.item()), [array(1)]))).toMatch(/^TracerError: item/)
  })
})
