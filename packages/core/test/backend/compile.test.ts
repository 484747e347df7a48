/** What a backend does not have is refused before it sees a graph, by a message that names the backend. Primitives bring rewrites of kernels. */
import { expect, test } from 'vitest'
import type { Backend, Capabilities } from '../../src/backend/backend.ts'
import { lowerFor } from '../../src/backend/compile.ts'
import { createReference } from '../../src/backend/reference.ts'
import { arange, array } from '../../src/numpy/creation.ts'
import { argmax } from '../../src/primitives/argreduce.ts'
import { sort } from '../../src/primitives/sort.ts'
import type { Tensor } from '../../src/tensor.ts'
import { scan } from '../../src/transforms/loops.ts'
import { makeProgram } from '../../src/transforms/makeProgram.ts'
import { useReference } from '../support/laws.ts'

useReference()
const { capabilities } = createReference()
const small = (has: Partial<Capabilities>): Backend =>
  Object.assign(Object.create(createReference()) as Backend, { name: 'small', capabilities: { ...capabilities, ...has } })
const x = array([1, 2])

test('a dtype, also inside a loop', () => {
  const backend = small({ dtypes: ['float32', 'int32'] })
  const says = 'The small backend has no float64; it has float32, int32. Convert with astype'
  expect(() => lowerFor(makeProgram((t: Tensor) => t.astype('float64'))(x), backend)).toThrow(says)
  const step = (sum: Tensor, t: Tensor): readonly [Tensor, null] => [sum.add(t.astype('float64').mul(2).astype('float32')), null]
  expect(() => lowerFor(makeProgram((t: Tensor) => scan(step, 0, t)[0])(x), backend)).toThrow(says)
})
test('a kind of kernel', () => {
  const backend = small({ kernels: ['loop', 'contraction'] })
  expect(() => lowerFor(makeProgram((t: Tensor) => sort(t))(x), backend)).toThrow(
    'The small backend has no sort kernels; it has loop, contraction. Choose another',
  )
})
test('a Contraction becomes a Loop', () => {
  const { graph } = lowerFor(makeProgram((t: Tensor) => t.reshape([1, 2]).matmul(t))(x), small({ kernels: ['loop'] }))
  expect(graph.kernels.map(k => k.kind)).toEqual(['loop'])
})
test('the rewrite that a primitive brings is applied, also inside a loop', () => {
  const reductions = (f: (t: Tensor) => Tensor, t = x): number =>
    JSON.stringify(lowerFor(makeProgram(f)(t), small({})).graph.kernels).split('"op":"argmax"').length - 1
  const looped = (t: Tensor): Tensor => {
    const step = (last: Tensor, row: Tensor): readonly [Tensor, null] => [argmax(t.mul(row).add(last)), null]
    return scan(step, array(0, { dtype: 'int32' }), t)[0]
  }
  expect([reductions(t => argmax(t)), reductions(looped)]).toEqual([0, 0])
  const long = arange(9)
  expect([reductions(t => argmax(t), long), reductions(looped, long)]).toEqual([1, 1])
})
