/** Large float32 products of a backend of precision bf16: operands are copied in bfloat16, the sums stay float32. */
import { collapse, type Contraction, dropUnitAxes, rolesOf } from '@cotangent/core/kernel'
import { init, jit, numpy as np, type Tensor } from '@cotangent/core'
import { afterAll, afterEach, expect, test } from 'vitest'
import { type Case, matmul } from '../../core/test/support/contractions.ts'
import type { Command, EmitKernel, Product } from '../src/command.ts'
import { productIn } from '../src/kernels/contraction-product.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import type { CudaExecutable } from '../src/runtime/executable.ts'
import { backendFor, fakeDriver } from './kit.ts'
import { graphOf, problemOf, withBias } from './support/contractions.ts'

const fake = await fakeDriver(),
  backend = await backendFor({ precision: 'bf16' })
afterAll(() => backend.dispose())
afterEach(() => expect(fake.failure()).toBe(''))

const base = matmul(132, 130, 20)
const cases: readonly (readonly [string, Case])[] = [
  ['as they lie', base],
  ['transposed', matmul(128, 136, 24, { transposeA: true, transposeB: true })],
  ['a batch', matmul(129, 128, 9, { transposeB: true, batch: 2 })],
  ['a bias and a relu', withBias(base, 130, true)],
]

test.each(cases)('%s', (_, c) => {
  const services = backend.services as { emit: EmitKernel }
  let commands: readonly Command[] = []
  services.emit = (context, kernel) => {
    if (kernel.kind !== 'contraction') return emitKernel(context, kernel)
    commands = productIn(context, rolesOf(collapse(dropUnitAxes(kernel)) as Contraction, 'batch'), 'bfloat16', true) ?? []
    return commands
  }
  try {
    expect(problemOf(backend, c, { rounding: 2 ** -9 })).toBe('')
  } finally {
    services.emit = emitKernel
  }
  expect(commands.map(({ kind }) => kind)).toEqual(['launch', 'launch', 'product'])
  expect(commands[2]).toMatchObject({ dtype: 'bfloat16', resultDType: 'float32' })
})

test('a float32 bias that is rounded as it is added is rounded beforehand', async () => {
  const [rows, columns, terms] = [256, 256, 512],
    own = await backendFor(),
    kinds: string[] = []
  const services = own.services as { emit: EmitKernel }
  services.emit = (context, kernel) => {
    const commands = emitKernel(context, kernel)
    if (kernel.kind === 'contraction') kinds.push(...commands.map(({ kind }) => kind))
    return commands
  }
  await init({ backend: { name: 'cuda', load: async () => own } })
  const integers = (size: number, step: number): Tensor => np.remainder(np.arange(size).mul(step), 3).sub(1)
  const x = integers(rows * terms, 7)
      .reshape([rows, terms])
      .astype('bfloat16'),
    w = integers(terms * columns, 5)
      .reshape([terms, columns])
      .astype('bfloat16'),
    b = np.arange(columns).mul(0.37)
  const f = jit((p: Tensor, q: Tensor, r: Tensor) => np.maximum(p.matmul(q).add(r.astype('bfloat16')), 0))
  const expected = np.maximum(x.astype('float32').matmul(w.astype('float32')).add(b.astype('bfloat16').astype('float32')), 0)
  kinds.length = 0
  expect(f(x, w, b).astype('float32').dataSync()).toEqual(expected.astype('bfloat16').astype('float32').dataSync())
  expect(kinds).toEqual(['launch', 'product'])
})

test('where the copies cost less than they save', () => {
  const dtypeOf = (n: number): string => {
    const executable = backend.compile(graphOf(matmul(n, n, n))) as CudaExecutable,
      [call] = executable.resources.calls
    executable.dispose()
    return (call as Product).dtype
  }
  expect([512, 4096].map(dtypeOf)).toEqual(['float32', 'bfloat16'])
})
