/** Primitives as the author of a library writes them: everything comes from the entry points `extend`, `testing` and the public functions. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Aval,
  type Composite,
  type HostArray,
  type MaybeTensor,
  type NoParams,
  type SimplePrimitive,
  type Tensor,
  type TensorLike,
  type Value,
  aval,
  batchElementwise,
  bind1,
  elementwise,
  fail,
  hostFrom,
  hostReader,
  indexScale,
  indexShift,
  isUnknown,
  linearJvp,
  mapHost,
  none,
  showAval,
  toFloat,
  toTensor,
} from '../src/extend.ts'
import {
  add,
  array,
  explain,
  grad,
  init,
  jit,
  makeProgram,
  moveaxis,
  multiply,
  repeat,
  scan,
  subtract,
  sum,
  valueAndGrad,
  vmap,
} from '../src/index.ts'
import { type Case, type OpEntry, checkOperation } from '../src/testing/index.ts'

await init({ backend: 'reference' })

/** 1 / (1 + exp(-x)) as one element of one kernel; every rule written out. */
const logisticP: SimplePrimitive<NoParams> = {
  name: 'logistic',
  inputs: ['x'],
  abstractEval([x]) {
    const { dtype } = x as Aval
    if (dtype !== 'float32' && dtype !== 'float64')
      fail('DTypeError', `logistic: needs float32 or float64, got ${showAval(x as Aval)}. Convert with astype.`)
    return [x as Aval]
  },
  jvp: (_, [t], [y]) => [t == null ? null : multiply(t, multiply(y as Tensor, subtract(1, y as Tensor)))],
  transpose: none('logistic is not linear'),
  batch: (tensors, axes) => batchElementwise(logisticP, tensors, axes),
  lower: (l, [x], _, [out]) => [
    l.elementwise(
      out as Aval,
      [x as Value],
      (b, [e]) => {
        const { dtype } = out as Aval,
          one = b.constant(1, dtype)
        return b.apply('div', [one, b.apply('add', [one, b.apply('exp', [b.apply('neg', [e as number], dtype)], dtype)], dtype)], dtype)
      },
      12,
    ),
  ],
  evaluate: ([x], _, [out]) => [mapHost(out as Aval, [x as HostArray], ([v]) => 1 / (1 + Math.exp(-(v as number))))],
}
const logistic = (x: TensorLike): Tensor => bind1(logisticP, [toFloat('logistic', x)])

/** The same with the rules that elementwise functions share. */
const composite: Composite = {
  lower: (b, [e], dtype) => {
    const one = b.constant(1, dtype)
    return b.apply('div', [one, b.apply('add', [one, b.apply('exp', [b.apply('neg', [e as number], dtype)], dtype)], dtype)], dtype)
  },
  evaluate: ([v]) => 1 / (1 + Math.exp(-(v as number))),
}
const shortLogisticP = elementwise({
  name: 'logistic',
  composite,
  inputs: ['x'],
  domain: 'float',
  cost: 12,
  derivatives: [(t, _, y) => multiply(t, multiply(y, subtract(1, y)))],
})

/** Sums of neighbouring pairs along the last axis, `[..., 2 n]` to `[..., n]`: linear, and its elements are read at other places. */
const pairSumP: SimplePrimitive<NoParams> = {
  name: 'pairSum',
  inputs: ['x'],
  abstractEval([x]) {
    const { shape, dtype } = x as Aval,
      n = shape.at(-1)
    if (n === undefined || n % 2 !== 0) fail('ShapeError', `pairSum: needs a last axis of even size, got ${showAval(x as Aval)}.`)
    return [aval([...shape.slice(0, -1), n / 2], dtype)]
  },
  jvp: (primals, tangents, outputs, params) => linearJvp(pairSumP)(primals, tangents, outputs, params),
  transpose: ([ct], [x]): readonly MaybeTensor[] => [ct != null && x !== undefined && isUnknown(x) ? repeat(ct, 2, { axis: -1 }) : null],
  batch: ([x], [axis]) => ({ outputs: [bind1(pairSumP, [moveaxis(x as Tensor, axis as number, 0)])], axes: [0] }),
  lower: (l, [x], _, [out]) => [
    l.elements(
      out as Aval,
      [x as Value],
      (b, index) => {
        const last = index.at(-1) as (typeof index)[number],
          rest = index.slice(0, -1)
        const at = (shift: number): number => b.read(x as Value, [...rest, indexShift(indexScale(last, 2), shift)])
        return b.apply('add', [at(0), at(1)], (out as Aval).dtype)
      },
      { cost: 1 },
    ),
  ],
  evaluate([x], _, [out]) {
    const read = hostReader(x as HostArray)
    return [
      hostFrom(out as Aval, index => {
        const rest = index.slice(0, -1),
          i = 2 * (index.at(-1) as number)
        return read([...rest, i]) + read([...rest, i + 1])
      }),
    ]
  },
}
const pairSum = (x: TensorLike): Tensor => bind1(pairSumP, [toTensor(x, 'pairSum')])

const cases = (call: (x: Tensor) => Tensor, lastAxis: number): fc.Arbitrary<Case> =>
  fc
    .record({
      rest: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
      n: fc.integer({ min: 1, max: 4 }),
      seed: fc.nat(1_000_000),
    })
    .map(({ rest, n, seed }) => ({
      inputs: [{ shape: [...rest, lastAxis * n], dtype: 'float32', range: [-3, 3] }],
      call: x => call(x as Tensor),
      seed,
    }))

const entry = (call: (x: Tensor) => Tensor, lastAxis = 1): OpEntry => ({
  cases: cases(call, lastAxis),
  accuracy: { ulp: 4, of: 'element', reason: 'a few roundings' },
  differentiable: true,
  refused: [],
})

const entries: Readonly<Record<string, OpEntry>> = {
  logistic: entry(logistic),
  'logistic by family': entry(x => bind1(shortLogisticP, [x])),
  pairSum: entry(pairSum, 2),
}
describe('a primitive from outside', () => {
  for (const [name, e] of Object.entries(entries)) it(`obeys the laws: ${name}`, () => checkOperation(name, e))
  const x = array([0, 1, -2, 3])
  it('refuses what its rule refuses, also while tracing', () => {
    expect(() => bind1(logisticP, [array([1], { dtype: 'int32' })])).toThrow(/logistic: needs float32 or float64, got i32\[1\]/)
    expect(() => jit(pairSum)(array([1, 2, 3]))).toThrow(/pairSum: needs a last axis of even size, got f32\[3\]/)
  })
  it('is an equation of its own name', () => {
    expect(String(makeProgram(logistic)(x))).toContain('logistic')
  })
  it('fuses into one kernel with what is around it', () => {
    const f = jit((a: Tensor) => multiply(add(logistic(multiply(a, 2)), 1), a))
    f(x)
    expect(explain(f).traces[0]?.kernels.match(/^\d+: .*/gm)).toEqual(['0: loop [i 4]'])
  })
  it('works inside every transform', () => {
    const f = (a: Tensor): Tensor => sum(logistic(pairSum(a)))
    const [, g] = jit(valueAndGrad(f))(x)
    const wanted = [1, 1, 1, 1].map(v => {
      const s = 1 / (1 + Math.exp(-v))
      return s * (1 - s)
    })
    wanted.forEach((w, i) => expect(g.dataSync()[i]).toBeCloseTo(w, 6))
    expect(
      vmap(grad(f))(
        array([
          [0, 1],
          [2, 3],
        ]),
      ).shape,
    ).toEqual([2, 2])
    const [carry] = scan((c: Tensor, xi: Tensor) => [logistic(add(c, xi)), c], array(0), x)
    expect(Number.isFinite(carry.item())).toBe(true)
    expect(grad((a: Tensor) => grad((b: Tensor) => sum(logistic(b)))(a).sum())(array([0])).dataSync()[0]).toBeCloseTo(0, 6)
  })
})
