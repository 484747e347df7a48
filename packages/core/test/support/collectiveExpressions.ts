/** Random functions with collectives, each written twice: for one example that names an axis, and for the whole batch without names. */
import fc from 'fast-check'
import { array, zeros } from '../../src/numpy/creation.ts'
import { concatenate, mean, sin, where } from '../../src/numpy/index.ts'
import { broadcastTo } from '../../src/primitives/broadcast.ts'
import { max, sum } from '../../src/primitives/reduce.ts'
import { sliceAxis } from '../../src/primitives/slice.ts'
import type { Tensor } from '../../src/tensor.ts'
import { checkpoint } from '../../src/transforms/checkpoint.ts'
import { allGather, allToAll, pmax, pmean, ppermute, psum, psumScatter } from '../../src/transforms/collectives.ts'
import { cond } from '../../src/transforms/control.ts'
import { customJvp, customVjp } from '../../src/transforms/custom.ts'
import { jvp, vjp } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { scan } from '../../src/transforms/loops.ts'

export type Expression =
  | { readonly op: 'x' | 'w' }
  | {
      readonly op: 'sin' | 'psum' | 'pmean' | 'pmax' | 'gather' | 'scatter' | 'toAll' | 'jit' | 'checkpoint' | 'vjp' | 'jvp'
      readonly a: Expression
    }
  | { readonly op: 'permute'; readonly a: Expression; readonly pairs: readonly (readonly [number, number])[] }
  | { readonly op: 'add' | 'mul' | 'scan' | 'cond'; readonly a: Expression; readonly b: Expression }

/** As many examples as elements, so that blocks can be dealt out. */
export const N = 3
const pairs = fc
  .tuple(fc.shuffledSubarray([0, 1, 2]), fc.shuffledSubarray([0, 1, 2]))
  .map(([s, d]) => s.slice(0, d.length).map((p, i) => [p, d[i] as number] as const))
const drawn = fc.letrec<{ expression: Expression }>(tie => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ op: fc.constantFrom('x' as const, 'w' as const) }),
    fc.record({
      op: fc.constantFrom('sin', 'psum', 'pmean', 'pmax', 'gather', 'scatter', 'toAll', 'jit', 'checkpoint', 'vjp', 'jvp' as const),
      a: tie('expression'),
    }) as fc.Arbitrary<Expression>,
    fc.record({ op: fc.constant('permute' as const), a: tie('expression'), pairs }),
    fc.record({
      op: fc.constantFrom('add', 'mul', 'scan', 'cond' as const),
      a: tie('expression'),
      b: tie('expression'),
    }) as fc.Arbitrary<Expression>,
  ),
}))
export const arbExpression: fc.Arbitrary<Expression> = drawn.expression

const shared = (row: Tensor): Tensor => broadcastTo(row, [N, N])

/** For one example: x and w are `[N]`. */
export function one(e: Expression, x: Tensor, w: Tensor): Tensor {
  const of = (inner: Expression): Tensor => one(inner, x, w)
  switch (e.op) {
    case 'x':
      return x
    case 'w':
      return w
    case 'sin':
      return sin(of(e.a))
    case 'psum':
      return psum(of(e.a), 'i').mul(0.5)
    case 'pmean':
      return pmean(of(e.a), 'i')
    case 'pmax':
      return pmax(of(e.a), 'i')
    case 'gather':
      return sum(allGather(of(e.a), 'i').mul(array([[1], [2], [3]])), { axis: 0 })
    case 'scatter':
      return broadcastTo(psumScatter(of(e.a), 'i'), [N])
    case 'toAll':
      return allToAll(of(e.a), 'i', 0, 0)
    case 'permute':
      return ppermute(of(e.a), 'i', e.pairs)
    case 'jit':
      return jit((y: Tensor, v: Tensor) => one(e.a, y, v))(x, w)
    case 'checkpoint':
      return checkpoint((y: Tensor, v: Tensor) => one(e.a, y, v))(x, w)
    // Rules that say what is so anyway: with collectives in them.
    case 'vjp': {
      const f = (y: Tensor, v: Tensor): Tensor => one(e.a, y, v)
      const rule = customVjp(f, { forward: (y, v) => [f(y, v), [y, v] as const], backward: ([y, v], ct) => vjp(f, y, v)[1](ct) })
      return rule(x, w)
    }
    case 'jvp': {
      const f = (y: Tensor, v: Tensor): Tensor => one(e.a, y, v)
      return customJvp(f, (primals, tangents) => jvp(f, primals, tangents as typeof primals))(x, w)
    }
    case 'add':
      return of(e.a).add(of(e.b))
    case 'mul':
      return sin(of(e.a)).mul(of(e.b))
    case 'scan':
      return scan((c: Tensor, _) => [sin(c.add(of(e.b))), null], of(e.a), null, { length: 2 })[0]
    case 'cond':
      return cond(
        pmax(x, 'i').at(0).get().greater(0),
        () => of(e.a),
        () => of(e.b),
      )
  }
}

/** For all: x is `[N, N]` with the examples in front, and so is every value. */
export function all(e: Expression, x: Tensor, w: Tensor): Tensor {
  const of = (inner: Expression): Tensor => all(inner, x, w)
  switch (e.op) {
    case 'x':
      return x
    case 'w':
      return shared(w)
    case 'sin':
      return sin(of(e.a))
    case 'psum':
      return shared(sum(of(e.a), { axis: 0 })).mul(0.5)
    case 'pmean':
      return shared(mean(of(e.a), { axis: 0 }))
    case 'pmax':
      return shared(max(of(e.a), { axis: 0 }))
    case 'gather':
      return shared(sum(of(e.a).mul(array([[1], [2], [3]])), { axis: 0 }))
    case 'scatter':
      return broadcastTo(sum(of(e.a), { axis: 0 }).reshape([N, 1]), [N, N])
    case 'toAll':
      return of(e.a).transpose()
    case 'permute': {
      const a = of(e.a)
      const rows = [0, 1, 2].map(d => e.pairs.find(p => p[1] === d)?.[0])
      return concatenate(rows.map(s => (s === undefined ? zeros([1, N]) : sliceAxis(a, s, s + 1))))
    }
    case 'jit':
    case 'checkpoint':
    case 'vjp':
    case 'jvp':
      return of(e.a)
    case 'add':
      return of(e.a).add(of(e.b))
    case 'mul':
      return sin(of(e.a)).mul(of(e.b))
    case 'scan': {
      const b = of(e.b)
      return sin(sin(of(e.a).add(b)).add(b))
    }
    case 'cond':
      return where(max(x.at('...', 0).get()).greater(0), of(e.a), of(e.b))
  }
}
