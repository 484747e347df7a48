/** Tensors of any shape, on textures of at most 4096: nothing depends on the lengths of axes, only the number of elements on memory. */
import { array, concatenate, cumsum, grad, init, matmul, max, type Shape, sort, sum, take, type Tensor } from '@cotangent/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebglBackend } from '../src/backend.ts'
import { backendFor } from './kit.ts'

let backend: WebglBackend
beforeAll(async () => {
  backend = backendFor({ limits: { textureSize: 4096 } })
  await init({ backend: [{ name: 'webgl', load: async () => backend }] })
})
afterAll(() => backend.dispose())

/** Small integers, so that sums are exact in any order. */
const element = (i: number): number => ((i * 7) % 23) - 11
const filled = (shape: Shape): Tensor =>
  array(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => element(i)),
    { shape },
  )

/** The first place where `t` is not as `expected` says, or ''. */
function wrong(t: Tensor, expected: (i: number) => number): string {
  const data = t.dataSync(),
    i = data.findIndex((v, k) => v !== expected(k))
  return i < 0 ? '' : `element ${i} of [${t.shape.join()}] is ${data[i]}, not ${expected(i)}`
}
const total = (n: number, term: (i: number) => number): number => {
  let s = 0
  for (let i = 0; i < n; i++) s += term(i)
  return s
}

describe.each([
  [71194, 32],
  [19991, 2],
  [2, 19991],
  [1, 65537],
] as const)('[%i, %i]', (rows, columns) => {
  const x = (): Tensor => filled([rows, columns])
  const columnSums = new Float64Array(columns),
    rowSums = new Float64Array(rows)
  for (let i = 0; i < rows * columns; i++) {
    ;(columnSums[i % columns] as number) += element(i)
    ;(rowSums[Math.floor(i / columns)] as number) += element(i)
  }

  test('elementwise, transposed, joined, picked', () => {
    expect(wrong(x().mul(2).add(1), i => 2 * element(i) + 1)).toBe('')
    expect(wrong(x().transpose(), i => element((i % rows) * columns + Math.floor(i / rows)))).toBe('')
    expect(wrong(concatenate([x(), x()], { axis: 1 }), i => element(Math.floor(i / (2 * columns)) * columns + (i % columns)))).toBe('')
    const places = Int32Array.from({ length: 5 }, (_, k) => (k * 7919) % rows)
    const picked = take(x(), array(places), { axis: 0 })
    expect(wrong(picked, i => element((places[Math.floor(i / columns)] as number) * columns + (i % columns)))).toBe('')
  })

  test('reduced', () => {
    expect(wrong(sum(x(), { axis: 0 }), i => columnSums[i] as number)).toBe('')
    expect(wrong(sum(x(), { axis: 1 }), i => rowSums[i] as number)).toBe('')
    expect(sum(x()).item()).toBe(total(rows * columns, element))
    expect(max(x()).item()).toBe(11)
    const last = cumsum(x(), { axis: 0 }).dataSync().slice(-columns)
    expect(Float64Array.from(last)).toEqual(columnSums)
  })

  test('multiplied, with gradients', () => {
    const w = filled([columns, 3]),
      product = (i: number): number => {
        const row = Math.floor(i / 3) * columns
        return total(columns, k => element(row + k) * element(k * 3 + (i % 3)))
      }
    const y = matmul(x(), w).dataSync()
    for (let i = 0; i < rows * 3; i += Math.max(1, Math.floor(rows / 100))) expect(y[i]).toBeCloseTo(product(i), 3)
    const g = grad((v: Tensor) => sum(matmul(x(), v)))(w)
    expect(wrong(g, i => columnSums[Math.floor(i / 3)] as number)).toBe('')
  })

  test('sorted along an axis of few', () => {
    if (Math.min(rows, columns) === 1) return expect(wrong(sort(x(), { axis: rows === 1 ? 0 : 1 }), element)).toBe('')
    const axis = rows < columns ? 0 : 1,
      sorted = sort(x(), { axis })
    const before = axis === 0 ? columns : 1
    const data = sorted.dataSync()
    expect(data.findIndex((v, i) => (axis === 0 ? i >= columns : i % columns > 0) && v < (data[i - before] as number))).toBe(-1)
    expect(sum(sorted).item()).toBe(total(rows * columns, element))
  })
})

test('[1, 16777216]', () => {
  const n = 2 ** 24,
    x = filled([1, n])
  expect(wrong(x.mul(2), i => 2 * element(i))).toBe('')
  expect(wrong(x.transpose(), element)).toBe('')
  expect(sum(x).item()).toBe(total(n, element))
  expect(wrong(sum(x.reshape([2, 2, n / 4]), { axis: [0, 1] }), i => total(4, k => element(i + (k * n) / 4)))).toBe('')
  const squares = total(n, i => element(i) ** 2)
  expect(Math.abs((matmul(x, x.transpose()).item() as number) - squares)).toBeLessThan(2e-6 * squares)
})

describe('odd shapes', () => {
  const shapes: readonly Shape[] = [
    [],
    [0],
    [0, 5],
    [3, 0, 2],
    [1, 1, 1, 1],
    [1, 7, 1],
    [2, 1, 3, 1, 2, 1, 2, 1],
    [2, 2, 2, 2, 2, 2, 2, 2],
    [5, 1, 1, 3],
  ]
  test.each(shapes.map(s => [s]))('[%s]', shape => {
    const n = shape.reduce((a, b) => a * b, 1),
      x = filled(shape)
    expect(wrong(x.add(x), i => 2 * element(i))).toBe('')
    expect(sum(x).item()).toBe(total(n, element))
    expect(wrong(x.transpose().reshape([n]).reshape(x.transpose().shape).transpose(), element)).toBe('')
    if (shape.length > 0) {
      const rows = shape[0] as number,
        last = shape.at(-1) as number
      expect(wrong(sum(x, { axis: 0, keepdims: true }), i => total(rows, k => element((k * n) / rows + i)))).toBe('')
      expect(concatenate([x, x], { axis: 0 }).size).toBe(2 * n)
      expect(wrong(cumsum(x, { axis: -1 }), i => total((i % last) + 1, k => element(i - k)))).toBe('')
      expect(sort(x, { axis: 0 }).shape).toEqual(shape)
    }
    expect(wrong(grad((v: Tensor) => sum(v.mul(v)))(x), i => 2 * element(i))).toBe('')
  })

  test('products without terms are zeros, without rows nothing', () => {
    const zero = (shape: Shape): Tensor => array(new Float32Array(0), { shape })
    expect([...matmul(zero([3, 0]), zero([0, 2])).dataSync()]).toEqual([0, 0, 0, 0, 0, 0])
    expect(matmul(zero([0, 4]), filled([4, 2])).shape).toEqual([0, 2])
  })
})

test('NaNs keep their payloads and signs on the way up, through copies and back', () => {
  const bits = Uint32Array.of(0x7fc00001, 0xffc12345, 0x7fa00001, 0xff800001, 0x80000000, 0x00000001, 0x7f7fffff)
  const x = array(new Float32Array(bits.buffer))
  const back = (t: Tensor): number[] => [...new Uint32Array((t.dataSync() as Float32Array).slice().buffer)]
  expect(back(x)).toEqual([...bits])
  expect(back(x.reshape([7, 1]).transpose().reshape([7]))).toEqual([...bits])
  backend.store.makeRoom(Infinity)
  expect(back(x.reshape([7]))).toEqual([...bits])
})
