/** Eight and sixteen points a thread: elements of two bytes and of one by accesses of 16 bytes. */
import type { Backend, DType } from '@cotangent/core/kernel'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { setBackend } from '../../core/src/backend/current.ts'
import { fromHost } from '../../core/src/backend/execute.ts'
import { createReference } from '../../core/src/backend/reference.ts'
import { convert, hostArray } from '../../core/src/dtype.ts'
import * as np from '../../core/src/numpy/index.ts'
import type { Tensor } from '../../core/src/tensor.ts'
import { jit } from '../../core/src/transforms/jit.ts'
import { backendFor, fakeDriver } from './kit.ts'

const fake = await fakeDriver(),
  reference = createReference()
let before: Backend | null, backend: Backend
beforeAll(async () => {
  backend = await backendFor()
  before = setBackend(backend)
})
afterAll(async () => {
  setBackend(before)
  await backend.dispose()
})
beforeEach(() => fake.set({ keep: 1 }))
afterEach(() => {
  expect(fake.failure()).toBe('')
  fake.reset()
})

/** Small integers, exact in every dtype. */
function tensor(shape: readonly number[], dtype: DType, seed = 0): Tensor {
  const host = hostArray(
    dtype,
    shape.reduce((a, b) => a * b, 1),
  )
  for (let i = 0; i < host.length; i++) host[i] = convert((Math.imul(i + seed, 40503) >>> 9) % 7, dtype)
  return fromHost(host, shape, dtype)
}

/** Is what the reference computes; gives the vectors that the programs load and store, `load8_bf16` and so on. */
function vectorsOf(f: (...xs: Tensor[]) => Tensor, make: () => readonly Tensor[]): readonly string[] {
  const run = (on: Backend): readonly number[] => {
    setBackend(on)
    return [...jit(f)(...make()).dataSync()]
  }
  const count = fake.programs().length,
    got = run(backend),
    texts = fake.programs().slice(count)
  try {
    expect(got).toEqual(run(reference))
  } finally {
    setBackend(backend)
  }
  const bodies = texts.map(text => text.slice(text.search(/^KERNEL/m))).join('')
  return [...new Set([...bodies.matchAll(/\b(?:load|store)(?:4|8|16)_\w+/g)].map(([name]) => name))].sort()
}

const add = (x: Tensor, y: Tensor): Tensor => x.add(y)

describe.each([
  ['float16', 'f16', 8],
  ['bfloat16', 'bf16', 8],
  ['int8', 'i8', 16],
  ['uint8', 'u8', 16],
] as const)('%s', (dtype, suffix, lanes) => {
  const wide = [`load${lanes}_${suffix}`, `store${lanes}_${suffix}`]
  test.each([[[16384]], [[16391]], [[130, 128]], [[127, 131]]])('elementwise, of shape %j', shape => {
    expect(vectorsOf(add, () => [tensor(shape, dtype), tensor(shape, dtype, 5)])).toEqual(wide)
  })
  test('what is aligned to four elements only, or of four bytes, or small, goes by fours', () => {
    const four = [`load4_${suffix}`, `store4_${suffix}`]
    expect(
      vectorsOf(
        (x, y) => x.slice(4).add(y),
        () => [tensor([16388], dtype), tensor([16384], dtype)],
      ),
    ).toEqual(four)
    expect(vectorsOf(add, () => [tensor([64], dtype), tensor([64], dtype)])).toEqual(four)
    const widened = vectorsOf(
      (x, y) => x.add(y),
      () => [tensor([16384], dtype), tensor([16384], dtype === 'int8' ? 'int32' : 'float32')],
    )
    expect(widened.filter(name => !/_(f32|i32)$/.test(name))).toEqual([`load4_${suffix}`])
  })
  test('a condition, and a row for all', () => {
    const select = vectorsOf(
      (c, x, y) => np.where(c, x, y),
      () => [tensor([16384], 'bool'), tensor([16384], dtype), tensor([16384], dtype, 3)],
    )
    expect(select).toEqual([...wide, 'load4_b8'].sort())
    expect(vectorsOf(add, () => [tensor([128, 160], dtype), tensor([160], dtype)])).toEqual(wide)
    expect(vectorsOf(add, () => [tensor([128, 160], dtype), tensor([128, 1], dtype)])).toEqual(wide)
  })
  test.each([[[3, 640]], [[500, 48]], [[2, 4099]], [[5, 7, 32]]])('sums of rows, of shape %j', shape => {
    const vectors = vectorsOf(
      x => np.sum(x.astype(dtype), { axis: -1 }),
      () => [tensor(shape, dtype)],
    )
    expect(vectors).toEqual((shape.at(-1) as number) % lanes === 0 ? [`load${lanes}_${suffix}`] : [])
  })
})

test('a chain keeps rows of 16 bits in shared memory', () => {
  const centred = (x: Tensor): Tensor => np.multiply(np.subtract(x, np.max(x, { axis: 1, keepdims: true })), 2)
  expect(vectorsOf(centred, () => [tensor([300, 64], 'bfloat16')])).toEqual(['load8_bf16', 'store8_bf16'])
})
