/**
 * Programs and kernels as text, compared with the files beside this one: a change of tracing, of a rule or of fusion shows as a difference that a
 * person can read. After a change that is meant: `npx -y pnpm@12 test packages/core/test/golden -u`, then read the difference.
 */
import { expect, it } from 'vitest'
import {
  type Tensor,
  arange,
  equal,
  expandDims,
  explain,
  grad,
  init,
  jit,
  logsumexp,
  makeProgram,
  matmul,
  mean,
  scan,
  subtract,
  sum,
  tanh,
  where,
  zeros,
} from '../../src/index.ts'

await init({ backend: 'reference' })

interface Params {
  readonly hidden: { readonly kernel: Tensor; readonly bias: Tensor }
  readonly output: { readonly kernel: Tensor; readonly bias: Tensor }
}
const params: Params = { hidden: { kernel: zeros([4, 3]), bias: zeros([3]) }, output: { kernel: zeros([3, 2]), bias: zeros([2]) } }
const x = zeros([5, 4]),
  labels = zeros([5], { dtype: 'int32' })

const relu = (a: Tensor): Tensor => where(a.greater(0), a, 0)
const forward = ({ hidden, output }: Params, a: Tensor): Tensor =>
  matmul(relu(matmul(a, hidden.kernel).add(hidden.bias)), output.kernel).add(output.bias)
/** Mean cross-entropy of class ids. */
function loss(p: Params, a: Tensor, ids: Tensor): Tensor {
  const logits = forward(p, a)
  const own = sum(where(equal(expandDims(ids, -1), arange(2)), logits, 0), { axis: -1 })
  return mean(subtract(logsumexp(logits, { axis: -1 }), own))
}
const gradient = grad(loss)

const kernels = <A extends readonly unknown[]>(f: (...args: A) => unknown, ...args: A): string => {
  const compiled = jit(f)
  compiled(...args)
  return `${explain(compiled).traces[0]?.kernels}\n`
}
const program = <A extends readonly unknown[]>(f: (...args: A) => unknown, ...args: A): string => `${makeProgram(f)(...args)}\n`

const recurrent = (w: Tensor, xs: Tensor): Tensor =>
  scan((h: Tensor, xi: Tensor) => [tanh(matmul(h, w).add(xi)), null], zeros([3]), xs)[0].sum()

const golden: Readonly<Record<string, () => string>> = {
  'mlp-loss.program.txt': () => program(loss, params, x, labels),
  'mlp-gradient.program.txt': () => program(gradient, params, x, labels),
  'mlp-gradient.kernels.txt': () => kernels(gradient, params, x, labels),
  'scan-gradient.program.txt': () => program(grad(recurrent), zeros([3, 3]), zeros([6, 3])),
  'scan-gradient.kernels.txt': () => kernels(grad(recurrent), zeros([3, 3]), zeros([6, 3])),
}
for (const [file, text] of Object.entries(golden)) it(file, () => expect(text()).toMatchFileSnapshot(`./${file}`))

it('text does not depend on what was traced before', () => {
  const again = program(gradient, params, x, labels)
  expect(program(gradient, params, x, labels)).toBe(again)
})
