// A user's program: scripts/check-packages.ts compiles it against the packed packages, with the strictest options, and runs it in old and new
// Node and in a browser, on one backend each (cpu.ts, webgl.ts). Its answer begins with "ok"; naming whole modules keeps all their exports in the bundle.
import * as core from '@cotangent/core'
import {
  type BackendLoader,
  type Tensor,
  type TreeOf,
  array,
  grad,
  init,
  jit,
  random,
  scan,
  tree,
  valueAndGrad,
  vmap,
} from '@cotangent/core'
import { type Aval, type SimplePrimitive, bind1, elementwise } from '@cotangent/core/extend'
import * as fp from '@cotangent/core/fp'
import type { Backend, KernelGraph } from '@cotangent/core/kernel'
import * as nn from '@cotangent/nn'
import {
  type GradientTransformation,
  type StateFor,
  type StateOf,
  adam,
  applyUpdates,
  chain,
  dense,
  meanSquaredError,
  named,
  sgd,
  tanh,
} from '@cotangent/nn'
import * as data from '@cotangent/nn/data'
import type { fileCheckpoint } from '@cotangent/nn/node'

/** Generic user code: any model, any optimiser, no cast. */
function fit<P extends TreeOf<P>, F extends StateOf>(
  loss: (params: P, x: Tensor, y: Tensor) => Tensor,
  optimizer: GradientTransformation<F>,
  start: P,
  x: Tensor,
  y: Tensor,
  steps: number,
): readonly [params: P, losses: readonly number[]] {
  const step = jit((params: P, state: StateFor<F, P>) => {
    const [value, grads] = valueAndGrad(loss)(params, x, y)
    const [updates, next] = optimizer.update(grads, state, params)
    return [applyUpdates(params, updates), next, value] as const
  })
  let params = start,
    state = optimizer.init(start)
  const losses: number[] = []
  for (let i = 0; i < steps; i++) {
    const [nextParams, nextState, value] = step(params, state)
    params = nextParams
    state = nextState
    losses.push(value.item())
  }
  return [params, losses]
}

/** A network learns the sine. */
function learn(): string | null {
  const model = named({ hidden: dense(32), act: tanh, out: dense(1) })
  const { params } = model.init(random.key(0), [1])
  const x = random.uniform(random.key(1), [256, 1], { minval: -2, maxval: 2 }),
    y = core.sin(x)
  const [, losses] = fit((p, a, b) => meanSquaredError(model.apply(p, a), b), chain(adam(0.02), sgd(-1)), params, x, y, 200)
  const last = losses.at(-1) ?? NaN
  return last < 0.01 ? null : `the loss is ${last} after 200 steps`
}

/** A matrix product that is large enough for worker threads to take part. */
function multiply(): string | null {
  const n = 256,
    product = core.matmul(core.ones([n, n]), core.full([n, n], 2))
  const wrong = product.dataSync().findIndex(value => value !== 2 * n)
  return wrong < 0 ? null : `element ${wrong} of the product is ${product.dataSync()[wrong]}`
}

/** A primitive of one's own. */
const softsignP: SimplePrimitive = elementwise({
  name: 'softsign',
  inputs: ['x'],
  domain: 'float',
  cost: 4,
  derivatives: [(t, [x]) => core.divide(t, core.square(core.add(1, core.abs(x ?? 0))))],
  composite: {
    lower: (b, [x = 0], dtype) => b.apply('div', [x, b.apply('add', [b.constant(1, dtype), b.apply('abs', [x], dtype)], dtype)], dtype),
    evaluate: ([x = NaN]) => x / (1 + Math.abs(x)),
  },
})
const softsign = (x: Tensor): Tensor => bind1(softsignP, [x])

function transforms(): string | null {
  const x = array([1, 2, 3])
  const results: readonly (readonly [what: string, got: number, wanted: number])[] = [
    ['the second derivative', grad(grad((a: Tensor) => a.mul(a).mul(a)))(2).item(), 12],
    [
      'a gradient of every example',
      fp
        .sum()(vmap(grad((a: Tensor) => core.exp(a)))(core.zeros([3])))
        .item(),
      3,
    ],
    ['a running total', scan((total, v) => [total.add(v), total], 0, x)[0].item(), 6],
    ['the largest', fp.MonoidMax.concat(x, core.array(2)).max().item(), 3],
    ['the slope of a primitive of ours', jit(grad((a: Tensor) => softsign(a)))(array(1)).item(), 0.25],
    ['the number of leaves', tree.leaves({ x, pair: [x, x] as const }).length, 3],
  ]
  const wrong = results.find(([, got, wanted]) => got !== wanted)
  if (wrong !== undefined) return `${wrong[0]} is ${wrong[1]} instead of ${wrong[2]}`
  const refused = fp.attempt(() => x.add(core.ones([2])))
  return refused._tag === 'Left' && refused.left.kind === 'ShapeError' ? null : 'shapes that do not broadcast were accepted'
}

export async function main(load: BackendLoader): Promise<string> {
  const { name, backend } = await init({ backend: [load], threads: 2 })
  const wrong = learn() ?? multiply() ?? transforms()
  await backend.dispose()
  const names = [core, fp, nn, data].map(module => Object.keys(module).length)
  return wrong ?? `ok on ${name}, ${names.join(' + ')} exports`
}

/** Types of every entry point, for the compiler alone. */
export type Named = readonly [Aval, Backend, KernelGraph, typeof fileCheckpoint]
