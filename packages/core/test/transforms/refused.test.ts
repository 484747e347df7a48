/** What callers without types, or with a slip, pass in: each is a typed error, none a wrong number. */
import { describe, expect, test } from 'vitest'
import type { ErrorKind } from '../../src/errors.ts'
import { fftshift } from '../../src/fft/index.ts'
import { mapCoordinates } from '../../src/image/index.ts'
import * as lax from '../../src/lax/index.ts'
import { multiDot } from '../../src/linalg/index.ts'
import { array, linspace, ones, scalar, zeros } from '../../src/numpy/creation.ts'
import * as np from '../../src/numpy/index.ts'
import { sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { cond, switch_ } from '../../src/transforms/control.ts'
import { customJvp, customVjp } from '../../src/transforms/custom.ts'
import { grad, jvp, vjp } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { foriLoop, scan, whileLoop } from '../../src/transforms/loops.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { tree } from '../../src/tree.ts'
import { useReference } from '../support/laws.ts'

useReference()

const refused = (kind: ErrorKind, f: () => unknown): void => expect(f).toThrow(expect.objectContaining({ kind }))
const identity = (x: Tensor): Tensor => x

describe('a tracer of a transform that has returned', () => {
  const leaked = (): Tensor => {
    let leak: Tensor = scalar(0)
    grad((x: Tensor) => (leak = x.mul(2)))(1)
    return leak
  }
  test.each<[string, (leak: Tensor) => unknown]>([
    ['grad', leak => grad((_: Tensor) => leak)(1)],
    ['vjp', leak => vjp((_: Tensor) => leak, scalar(1))],
    ['jvp', leak => jvp((_: Tensor) => leak, [scalar(1)], [scalar(1)])],
    ['jit', leak => jit((_: Tensor) => leak)(scalar(1))],
    ['vmap', leak => vmap((_: Tensor) => leak)(ones([2]))],
  ])('is no result of %s', (_, f) => refused('TracerError', () => f(leaked())))
  test('is no loss, though an outer transform is still running', () =>
    refused('TracerError', () =>
      grad((x: Tensor) => {
        let leak = x
        jit((y: Tensor) => (leak = y.mul(2)))(x)
        return leak
      })(1),
    ))
})

describe('no function', () => {
  const cases: [string, (f: never) => unknown][] = [
    ['grad', f => grad(f)(1 as never)],
    ['jit', f => jit(f)],
    ['vmap', f => vmap(f)],
    ['vjp', f => vjp(f)],
    ['scan', f => scan(f, 0, ones([2]))],
    ['whileLoop: condition', f => whileLoop(f, identity, 1)],
    ['whileLoop: body', f => whileLoop(x => x.less(3), f, 1)],
    ['foriLoop', f => foriLoop(0, 3, f, 1)],
    ['cond', f => cond(true, f, f)],
    ['switch_', f => switch_(0, [f])],
    ['customJvp', f => customJvp(identity, f)],
    ['customVjp', f => customVjp(identity, f)],
  ]
  test.each(cases)('%s', (_, f) => {
    for (const wrong of [undefined, 3, 'f', {}, scalar(1)]) refused('ValueError', () => f(wrong as never))
  })
})

test('a tree or an array that contains itself', () => {
  const loop: { x: Tensor; self?: unknown } = { x: ones([1]) }
  loop.self = loop
  refused('TreeError', () => tree.leaves(loop))
  refused('TreeError', () => jit((t: never) => t)(loop as never))
  refused('TreeError', () => jit(() => loop)())
  const list: never[] = []
  list.push(list as never)
  refused('TreeError', () => array(list))
})

test('shapes and axes that are no arrays', () => {
  for (const wrong of [null, 2, '2', {}, () => [2]]) {
    refused('ShapeError', () => zeros(wrong as never))
    refused('ShapeError', () => ones([2]).reshape(wrong as never))
  }
  for (const wrong of [null, '0', {}]) {
    refused('ShapeError', () => sum(ones([2]), { axis: wrong as never }))
    refused('ShapeError', () => ones([2]).transpose(wrong as never))
  }
})

test('lists that are none', () => {
  refused('TreeError', () => jvp(identity, scalar(1) as never, [scalar(1)]))
  refused('TreeError', () => jvp(identity, [scalar(1)], scalar(1) as never))
  refused('ValueError', () => grad(identity, { argnums: '0' as never })(scalar(1) as never))
  refused('ValueError', () => tree.map(scalar(1) as never, [scalar(1)]))
})

test('more elements than memory holds', () => refused('BackendError', () => zeros([2 ** 45])))

test('an index that is NaN', () => refused('ValueError', () => switch_(NaN, [() => 1, () => 2])))

test('tensors that are not in a list', () => {
  const x = ones([2, 3]),
    no = x as never
  const calls: readonly (readonly [name: string, f: () => unknown])[] = [
    ['concatenate', () => np.concatenate(no, no)],
    ['stack', () => np.stack(no)],
    ['hstack', () => np.hstack(no)],
    ['vstack', () => np.vstack(no)],
    ['dstack', () => np.dstack(no)],
    ['columnStack', () => np.columnStack(no)],
    ['meshgrid', () => np.meshgrid(no, no)],
    ['choose', () => np.choose(0, no)],
    ['select', () => np.select(no, [x])],
    ['select', () => np.select([true], no)],
    ['piecewise', () => np.piecewise(x, no, [1])],
    ['piecewise', () => np.piecewise(x, [true], no)],
    ['ravelMultiIndex', () => np.ravelMultiIndex(no, [2])],
    ['sort', () => lax.sort(no)],
    ['gather', () => lax.gather(x, no)],
    ['scatterAdd', () => lax.scatterAdd(x, no, x)],
    ['dynamicSlice', () => lax.dynamicSlice(x, no, [1])],
    ['pad', () => lax.pad(x, 0, no)],
    ['multiDot', () => multiDot(no)],
    ['mapCoordinates', () => mapCoordinates(x, no)],
    ['switch_', () => switch_(0, no)],
  ]
  for (const [name, f] of calls)
    expect(f).toThrow(
      expect.objectContaining({ kind: 'TreeError', message: expect.stringContaining(`${name}: needs a list of`) as string }),
    )
})
test('axes, dtypes and subscripts that are something else', () => {
  const x = ones([2, 3])
  refused('ShapeError', () => np.expandDims(x, undefined as never))
  refused('ShapeError', () => np.tensordot(x, x, 'ij' as never))
  refused('ValueError', () => np.einsum(3 as never, x))
  refused('DTypeError', () => np.std(x, { dtype: 'float' as never }))
  refused('DTypeError', () => zeros([2], { dtype: 10n as never }))
  refused('ShapeError', () => fftshift(x, { axes: 'x' as never }))
  expect(() => x.at(0.5).get()).toThrow(/at.get: an index is an integer, got 0.5/)
})

describe('options of callers without types', () => {
  const x = ones([2, 3])
  test.each<[string, () => unknown, string]>([
    [
      'an axis by position',
      () => x.sum(0 as never),
      'sum: options are one object, { axis, keepdims, where, initial, dtype }, got 0. Write { axis: ... }.',
    ],
    ['null', () => sum(x, null as never), 'sum: options are one object, { axis, keepdims, where, initial, dtype }, got null'],
    ['a tensor', () => x.mean(x as never), 'mean: options are one object, { axis, keepdims, where, dtype }, got a Tensor'],
    ['a list', () => x.max([0] as never), 'max: options are one object, { axis, keepdims, where, initial }, got [0]'],
    ['a count by position', () => linspace(0, 1, 5 as never), 'linspace: options are one object, { count, endpoint, dtype, axis }, got 5'],
    [
      'a name that there is not',
      () => sum(x, { axes: 0 } as never),
      'sum: there is no option axes; there are axis, keepdims, where, initial, dtype.',
    ],
    ['a name of NumPy', () => zeros([2], { type: 'int32' } as never), 'zeros: there is no option type; there is dtype.'],
    ['jit', () => jit(identity, { staticArgnums: [0] } as never), 'jit: there is no option staticArgnums; there are static, donate.'],
    ['grad', () => grad(identity as never, 1 as never), 'grad: options are one object, { argnums, hasAux }, got 1'],
    ['scan', () => scan(c => [c, c], 0, null, 3 as never), 'scan: options are one object, { length, reverse, checkpoint }, got 3'],
    ['axes that are null', () => vmap(identity, { inAxes: null } as never)(x), 'inAxes is one axis for all arguments, or an array'],
    [
      'axes that are an object',
      () => vmap(identity, { inAxes: { x: 0 } } as never)(x),
      'inAxes is one axis for all arguments, or an array',
    ],
    [
      'axes of vmap by position',
      () => vmap(identity, 0 as never),
      'vmap: options are one object, { inAxes, outAxes, axisName, axisSize }, got 0',
    ],
    ['an update', () => x.at(0).set(1, 'clip' as never), "at.set: options are one object, { mode }, got 'clip'"],
  ])('%s', (_, f, message) =>
    expect(f).toThrow(expect.objectContaining({ kind: 'ValueError', message: expect.stringContaining(message) as string })),
  )
})
