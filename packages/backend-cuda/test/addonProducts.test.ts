// Products by the addon: plans, candidates, and what commands must bring.
import { describe, expect, test } from 'vitest'
import type { ProductPlan } from '../src/runtime/addon.ts'
import { graph, product, words } from './support/commands.ts'
import { bench, device, deviceForEachTest, loaded } from './support/bench.ts'
import { floats, upload } from './support/device.ts'

deviceForEachTest()

describe('products', () => {
  /** Row-major `[rows, sum] @ [sum, columns]` is column-major with the operands swapped. */
  const plan = (rows: number, sum: number, columns: number, more: Partial<ProductPlan> = {}): ProductPlan => ({
    type: 0,
    compute: 68,
    rows: columns,
    columns: rows,
    sum,
    batch: 1,
    transposeA: false,
    transposeB: false,
    leadingA: columns,
    leadingB: sum,
    leadingResult: columns,
    strideA: 0,
    strideB: 0,
    strideResult: 0,
    epilogue: 1,
    ...more,
  })
  const a = [1, 2, 3, 4, 5, 6]
  const b = [1, 0, 2, -1, 1, 1, 0, 3, 1, 0, -1, 2]
  const matrices = (): { a: number; b: number; result: number; workspace: (bytes: number) => number } => ({
    a: upload(device, Float32Array.from(a)),
    b: upload(device, Float32Array.from(b)),
    result: device.allocate(32),
    workspace: bytes => (bytes === 0 ? 0 : device.allocate(bytes)),
  })
  const expected = [6, 2, -1, 11, 15, 5, 2, 23]

  test('a product, and with bias and relu', () => {
    const m = matrices()
    const plain = device.product(plan(2, 3, 4))
    device.execute(...words(product(plain.handle, m.b, m.a, m.result, 0, m.workspace(plain.workspace))))
    expect(floats(device, m.result, 8)).toEqual(expected)
    const bias = upload(device, Float32Array.of(-6, 0, -1, 1))
    const both = device.product(plan(2, 3, 4, { epilogue: 6 }))
    device.execute(...words(product(both.handle, m.b, m.a, m.result, bias, m.workspace(both.workspace))))
    expect(floats(device, m.result, 8)).toEqual([0, 2, 0, 12, 9, 5, 1, 24])
  })

  test('the fastest of the candidates is chosen, and can be asked for again', () => {
    const m = matrices()
    const chosen = device.product(plan(2, 3, 4, { candidates: 8 }))
    const again = device.product(plan(2, 3, 4, { choice: chosen.choice }))
    expect(again).toMatchObject({ choice: chosen.choice, workspace: chosen.workspace })
    device.execute(...words(product(again.handle, m.b, m.a, m.result, 0, m.workspace(again.workspace))))
    expect(floats(device, m.result, 8)).toEqual(expected)
  })

  test('no memory to time on: the first candidate', () => {
    device.synchronize()
    bench.fake.set({ failAfter: 0 })
    expect(device.product(plan(2, 3, 4, { candidates: 8 })).choice).toBe(0)
  })

  test('inside of a graph', () => {
    const m = matrices()
    const { handle, workspace } = device.product(plan(2, 3, 4))
    const recorded = device.capture(...words(product(handle, m.b, m.a, m.result, 0, m.workspace(workspace))))
    device.releaseProduct(handle)
    device.execute(...words(graph(recorded)))
    expect(floats(device, m.result, 8)).toEqual(expected)
  })

  test('batches in float64', () => {
    const sizes = { type: 1, compute: 70, batch: 3, strideA: 0, strideB: 6, strideResult: 8 }
    const { handle, workspace } = device.product(plan(2, 3, 4, sizes))
    const left = upload(device, Float64Array.from([...a, ...a.map(v => 2 * v), ...a.map(v => -v)]))
    const right = upload(device, Float64Array.from(b))
    const result = device.allocate(3 * 8 * 8)
    device.execute(...words(product(handle, right, left, result, 0, workspace === 0 ? 0 : device.allocate(workspace))))
    const back = new Float64Array(24)
    device.readSync(result, back)
    expect([...back]).toEqual([...expected, ...expected.map(v => 2 * v), ...expected.map(v => -v)])
  })

  test('wrong plans are TypeErrors', () => {
    const wrong: Partial<Record<keyof ProductPlan, unknown>>[] = [
      { type: 3 },
      { compute: 70 },
      { rows: 0 },
      { rows: 2 ** 31 },
      { sum: 1.5 },
      { leadingA: 3 },
      { leadingB: 2 },
      { leadingResult: 3 },
      { strideA: -1 },
      { epilogue: 3 },
      { alignment: 3 },
      { candidates: 0 },
      { choice: 8 },
      { transposeA: 1 },
      { batch: undefined },
    ]
    for (const part of wrong) expect(() => device.product(plan(2, 3, 4, part as Partial<ProductPlan>))).toThrow(TypeError)
    expect(() => device.releaseProduct(1)).toThrow(TypeError)
  })

  test('operands must be as large, as aligned and as complete as planned', () => {
    const m = matrices()
    const { handle, workspace } = device.product(plan(2, 3, 4))
    const scratch = m.workspace(workspace)
    const wrong = [
      product(handle, m.b + 16, m.a, m.result, 0, scratch),
      product(handle, m.b, m.a + 4, m.result, 0, scratch),
      product(handle, m.b, m.a, 0, 0, scratch),
      product(handle, m.b, m.a, m.result, m.a, scratch),
      product(handle, m.b, m.a, m.result, 0, scratch + 128),
      product(loaded.module, m.b, m.a, m.result, 0, scratch),
    ]
    for (const command of wrong) expect(() => device.execute(...words(command))).toThrow(TypeError)
  })
})
