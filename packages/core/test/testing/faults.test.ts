/** The kit finds what it is for: primitives with one fault each, and the law that must notice it. */
import { expect, it } from 'vitest'
import {
  type Aval,
  type Composite,
  type HostArray,
  type NoParams,
  type SimplePrimitive,
  aval,
  bind1,
  elementwise,
  isUnknown,
} from '../../src/extend.ts'
import { type Tensor, astype, cos, init, multiply, numpy as np } from '../../src/index.ts'
import { addP } from '../../src/primitives/arithmetic.ts'
import { sinP } from '../../src/primitives/trigonometric.ts'
import { type OpEntry, type Refusal, arbShape, checkOperation, drawn, input, refusal, ulps } from '../../src/testing/index.ts'

await init({ backend: 'reference' })

type Elementwise = SimplePrimitive<NoParams>
/** The elementwise sine with some rules replaced. */
const faultySine = (fault: Partial<Elementwise>): Elementwise => ({ ...sinP, ...fault })

/** An addition whose tangent is that same addition, so that its transpose is used. */
const faultyAdd = (self: () => Elementwise, fault: Partial<Elementwise>): Elementwise => ({
  ...addP,
  jvp: (_, tangents) => [bind1(self(), tangents as readonly Tensor[])],
  ...fault,
})

const entryOf = (primitive: Elementwise, rest: Partial<OpEntry> = {}): OpEntry => ({
  cases:
    primitive.inputs.length === 1
      ? drawn(arbShape(), shape => ({ inputs: [input(shape, 'float32')], call: x => bind1(primitive, [x as Tensor]) }))
      : drawn(arbShape({ minRank: 1, minSize: 2 }), shape => ({
          inputs: [input(shape, 'float32'), input(shape.slice(1), 'float32')],
          call: (x, y) => bind1(primitive, [x as Tensor, y as Tensor]),
        })),
  accuracy: ulps(4, 'one function'),
  differentiable: true,
  refused: [],
  ...rest,
})
const complaint = (entry: OpEntry): string => {
  try {
    checkOperation('faulty', entry, { seed: 1, runs: 20 })
  } catch (e) {
    return (e as Error).message
  }
  return 'no fault found'
}

it('accepts the sine', () => expect(complaint(entryOf(sinP))).toBe('no fault found'))
it('accepts an addition that broadcasts', () => expect(complaint(entryOf(addP))).toBe('no fault found'))

it('finds a wrong factor in a derivative', () => {
  const wrong = faultySine({ jvp: ([x], [t]) => [t == null ? null : multiply(t, multiply(1.01, cos(x as Tensor)))] })
  expect(complaint(entryOf(wrong))).toMatch(/^faulty: jvp is the derivative: tangent 0\[0\] is .* instead of/)
})

it('finds a sum over broadcast axes that the transpose lacks', () => {
  // The cotangent of the smaller operand keeps the larger shape.
  const wrong: Elementwise = faultyAdd(() => wrong, {
    transpose: ([ct], inputs) => inputs.map(x => (isUnknown(x) ? (ct as Tensor) : null)),
  })
  expect(complaint(entryOf(wrong))).toMatch(/^faulty: vjp is the transpose of jvp: /)
})

it('finds a transpose with a wrong sign', () => {
  const wrong: Elementwise = faultyAdd(() => wrong, {
    transpose: (cts, inputs, params) =>
      (addP.transpose as Exclude<Elementwise['transpose'], { readonly none: string }>)(cts, inputs, params).map(t => t && np.negative(t)),
  })
  expect(complaint(entryOf(wrong))).toMatch(/^faulty: vjp is the transpose of jvp: <vjp\(ct\), t> is/)
})

it('finds a batch rule that ignores where the batch axis is', () => {
  const wrong = faultySine({ batch: ([x]) => ({ outputs: [bind1(wrong, [x as Tensor])], axes: [0] }) })
  expect(complaint(entryOf(wrong))).toMatch(/^faulty: vmap is a loop: example 0 of vmap with axes \[[12]\]/)
})

it('finds a batch rule that takes one example for all', () => {
  const wrong = faultySine({
    batch: ([x], [axis]) => {
      const { shape } = x as Tensor,
        first = np.take(x as Tensor, 0, { axis: axis as number })
      return { outputs: [bind1(wrong, [np.broadcastTo(first, [shape[axis as number] as number, ...first.shape])])], axes: [0] }
    },
  })
  expect(complaint(entryOf(wrong))).toMatch(/^faulty: vmap is a loop: example [12] of vmap/)
})

it('finds a gradient of another dtype', () => {
  const wrong: Elementwise = { ...sinP, jvp: ([x], [t]) => [t == null ? null : astype(multiply(t, cos(x as Tensor)), 'float64')] }
  expect(complaint(entryOf(wrong))).toMatch(/^faulty: jvp is the derivative: .*f64/)
})

it('finds a result of another dtype than the rule says', () => {
  const whole = (x: Aval): Aval => aval(x.shape, 'int32')
  const wrong = faultySine({
    evaluate: (arrays, params, outs) =>
      sinP.evaluate(arrays, params, outs).map((y): HostArray => ({ aval: whole(y.aval), data: y.data.map(Math.trunc) })),
  })
  expect(complaint(entryOf(wrong))).toMatch(/^faulty: equals the reference: result 0 is float32\[.*\] instead of int32/)
})

it('finds a kernel that is not what the oracle says', () => {
  const composite: Composite = {
    lower: (b, [x], dtype) => b.apply('mul', [x as number, b.constant(1.00001, dtype)], dtype),
    evaluate: ([x]) => x as number,
  }
  const wrong = elementwise({ name: 'nearly', inputs: ['x'], domain: 'float', cost: 1, derivatives: [t => t], composite })
  expect(complaint(entryOf(wrong))).toMatch(/^faulty: equals the reference: result 0\[0\] is .* \(within 4 ulp of element\)/)
})

it('finds a function that depends on something else than its inputs', () => {
  let calls = 0
  const cases = drawn(arbShape(), shape => ({ inputs: [input(shape, 'float32')], call: x => np.add(x as Tensor, calls++) }))
  expect(complaint(entryOf(sinP, { cases, differentiable: 'not a function' }))).toMatch(/^faulty: /)
})

it('finds special values that go astray', () => {
  const composite: Composite = {
    lower: (b, [x], dtype) => b.apply('max', [x as number, b.constant(-1e30, dtype)], dtype),
    evaluate: ([x]) => x as number,
  }
  const wrong = elementwise({ name: 'bounded', inputs: ['x'], domain: 'float', cost: 1, derivatives: [t => t], composite })
  expect(complaint(entryOf(wrong, { special: x => bind1(wrong, [x as Tensor]) }))).toMatch(
    /^special values: result 0\[9\] is .* instead of -Infinity/,
  )
})

it('finds errors that are missing, of another kind, or silent about the cause', () => {
  const refusing = (r: Refusal): string => complaint(entryOf(sinP, { refused: [r] }))
  expect(refusing(refusal('nothing wrong', 'ShapeError', [], () => np.ones([2])))).toBe(
    'nothing wrong: expected a ShapeError, got no error',
  )
  expect(refusing(refusal('no such axis', 'DTypeError', [], () => np.sum(np.ones([2]), { axis: 1 })))).toMatch(
    /^no such axis: expected a DTypeError, got ShapeError: sum: axis 1/,
  )
  expect(refusing(refusal('no such axis', 'ShapeError', ['sum', 'axis 7'], () => np.sum(np.ones([2]), { axis: 1 })))).toMatch(
    /the message does not contain "axis 7": sum: axis 1/,
  )
})

it('says how to replay a failure', () => {
  const wrong = faultySine({ jvp: (_, [t]) => [t ?? null] })
  const message = complaint(entryOf(wrong))
  expect(message).toContain('for inputs float32[] in -2..2')
  expect(message).toMatch(/case \d+ of 20, shrunk \d+ times; replay with COTANGENT_SEED=1$/)
  expect(complaint(entryOf(wrong))).toBe(message)
})
