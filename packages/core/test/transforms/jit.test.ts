import { describe, expect, test } from 'vitest'
import { currentBackend, setBackend } from '../../src/backend/current.ts'
import { createReference } from '../../src/backend/reference.ts'
import { array } from '../../src/numpy/creation.ts'
import { sin } from '../../src/numpy/index.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { key, split } from '../../src/random/key.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit, jitReport } from '../../src/transforms/jit.ts'
import { evalShape, makeProgram } from '../../src/transforms/makeProgram.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { staticValue } from '../../src/tree.ts'
import { expectClose } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { float, int } from '../support/values.ts'

useReference()
const reasons = (f: object): readonly string[] => jitReport(f)?.traces.map(t => t.reason) ?? []

describe('traces', () => {
  test('again on another backend, when the function makes constants', () => {
    const f = jit((x: Tensor) => x.add(array([1, 2]))),
      before = currentBackend()
    expect([...f(float(1, 1)).dataSync()]).toEqual([2, 3])
    const old = float(1, 1)
    setBackend(createReference())
    for (let i = 0; i < 3; i++) expect([...f(float(i, 1)).dataSync()]).toEqual([i + 1, 3])
    expect(reasons(f)).toEqual(['first call', 'another backend is in use, and the function has constants on the one before'])
    expect(() => f(old)).toThrow(/its inputs live on two different reference backends/)
    setBackend(before)
    expect([...f(old).dataSync()]).toEqual([2, 3])
  })
  test('once for values, again for types, structures and static arguments; each with its reason', () => {
    let runs = 0
    const f = jit(
      (params: { readonly w: Tensor; readonly b?: Tensor }, x: Tensor, n: number) => {
        runs++
        return params.w.mul(x).mul(n)
      },
      { static: [2] },
    )
    const w = float(1, 2)
    for (let i = 0; i < 5; i++) f({ w: float(i, i) }, float(1, i), 2)
    expect(runs).toBe(1)
    f({ w }, float(3).sum(), 2)
    f({ w, b: w }, w, 2)
    f({ w }, w, 3)
    f({ w: int(1, 2) }, w, 3)
    f({ w }, w, 2)
    expect(runs).toBe(5)
    expect(jitReport(f)).toMatchObject({ calls: 10 })
    expect(reasons(f)).toEqual([
      'first call',
      'x changed from f32[2] to f32[]',
      'params changed from an object with w to an object with b, w',
      'params changed from an object with b, w to an object with w; static n changed from 2 to 3',
      'params.w changed from f32[2] to i32[2]',
    ])
  })
  test('a static object that was changed in place is another one', () => {
    const options = { scale: 2 }
    const f = jit((x: Tensor, o: { scale: number }) => x.mul(o.scale), { static: [1] })
    expect(f(float(1), options).dataSync()[0]).toBe(2)
    options.scale = 5
    expect(f(float(1), options).dataSync()[0]).toBe(5)
  })
  test('strings, staticValue and null are static by themselves', () => {
    const f = jit((mode: 'add' | 'mul', n: ReturnType<typeof staticValue<number>>, x: Tensor) =>
      mode === 'add' ? x.add(n.value) : x.mul(n.value),
    )
    expectClose(
      [f('add', staticValue(2), float(1)), f('mul', staticValue(3), float(1)), f('add', staticValue(2), float(5))],
      [float(3), float(3), float(7)],
    )
    expect(reasons(f).length).toBe(2)
    expect(reasons(f)[1]).toBe('mode changed from "add" to "mul"; n changed from Static(2) to Static(3)')
  })
  test('a function made anew at each call is told', () => {
    const make = (): ((x: Tensor) => Tensor) => jit((x: Tensor) => x.add(123456))
    const [a, b] = [make(), make()]
    a(float(1))
    b(float(1))
    expect(reasons(a)).toEqual(['first call'])
    expect(reasons(b)[0]).toMatch(/new function with the source of one traced before.*call it once outside/)
  })
  test('captured tensors are inputs, captured tracers are not remembered', () => {
    const w = float(2, 3)
    const f = jit((x: Tensor) => x.mul(w))
    expectClose([f(float(1, 1)), f(float(2, 2))], [float(2, 3), float(4, 6)])
    const g = (v: Tensor): Tensor => {
      const h = jit((x: Tensor) => x.mul(v))
      return sum(h(float(1, 2)).add(h(float(3, 4))))
    }
    expect(grad(g)(5).item()).toBe(10)
    const h = jit((x: Tensor) => x.add(1))
    expect(grad((x: Tensor) => h(x))(1).item()).toBe(1)
    expect(h(float(1).sum()).item()).toBe(2)
  })
})

describe('calls', () => {
  test('give back what came in, constants, repeated results and trees', () => {
    const f = jit((p: { readonly a: Tensor; readonly b: Tensor }) => ({
      ...p,
      sum: p.a.add(p.b),
      again: [p.a, p.a],
      one: float(1),
      n: null,
    }))
    const a = float(1, 2),
      b = float(3, 4)
    expectClose(f({ a, b }), { a, b, sum: float(4, 6), again: [a, a], one: float(1), n: null })
    expectClose(f({ a, b }), { a, b, sum: float(4, 6), again: [a, a], one: float(1), n: null })
  })
  test('take numbers as whole arguments', () => {
    const f = jit((x: Tensor, s: Tensor) => x.mul(s))
    expectClose(f(float(1, 2), 3 as never), float(3, 6))
    expectClose(f(float(1, 2), 4 as never), float(4, 8))
    expect(reasons(f)).toEqual(['first call'])
    expectClose(f(int(1, 2), 3 as never).astype('float32'), float(3, 6))
  })
  test('take keys', () => {
    const f = jit((k: ReturnType<typeof key>) => split(k)[0])
    expectClose(f(key(1)), split(key(1))[0])
  })
  test('donate', () => {
    const f = jit((p: { readonly w: Tensor }, x: Tensor) => ({ w: p.w.add(x) }), { donate: [0] })
    const p = { w: float(1, 2) },
      x = float(1, 1)
    expectClose(f(p, x), { w: float(2, 3) })
    expect(() => p.w.item()).toThrow()
    expect(() => f(p, x)).toThrow(/disposed/)
    const same = float(1, 2)
    expectClose(f({ w: same }, same), { w: float(2, 4) })
    expectClose(same, float(1, 2))
  })
  test('nest in jit, vmap and grad', () => {
    const f = jit((x: Tensor) => sin(x).mul(x))
    const x = float(0.3, 2)
    expectClose(jit(vmap(grad(jit(f))))(x), vmap(grad((v: Tensor) => sin(v).mul(v)))(x))
  })
  test('errors name the argument', () => {
    expect(() => jit((x: Tensor, options: { readonly train: boolean }) => (options.train ? x : x))(float(1), { train: true })).toThrow(
      /options\.train is a boolean.*list the argument as static/,
    )
    expect(() => jit((x: Tensor) => x, { static: [-1 as 0] })).toThrow(/positions of arguments/)
    expect(() => jit((x: Tensor) => x, { static: [0], donate: [0] })).toThrow(/both static and donated/)
    expect(() => jit((x: Tensor) => (x.item() > 0 ? x : x))(float(1))).toThrow(/item: .*traced by jit of/)
    expect(() => jit(() => 3n as never)()).toThrow(/the result of .* is a bigint/)
  })
})

describe('makeProgram and evalShape', () => {
  test('compute nothing and print stably', () => {
    const f = (x: Tensor, y: Tensor): Tensor => sum(x.mul(y).add(x.mul(y)).mul(2))
    const text = String(makeProgram(f)(float(1, 2), float(3, 4)))
    expect(text).toBe(`{ a:f32[2] b:f32[2] ->
  c:f32[2] = mul a b
  d:f32[2] = add c c
  e:f32[2] = mul d 2
  f:f32[] = sum[axes=[0]] e
  return f }`)
    expect(String(makeProgram((x: Tensor) => jit(f)(x, x))(float(1)))).toContain(
      'jit[name=f] a a\n    program =\n    { a:f32[1] b:f32[1] ->',
    )
    expect(String(evalShape((x: Tensor) => ({ y: x.reshape([2, 1]), n: null, s: 'x' }), float(1, 2)).y)).toBe('f32[2,1]')
  })
  test('a long function has names beyond z', () => {
    const f = (x: Tensor): Tensor => Array.from({ length: 30 }).reduce<Tensor>(y => sin(y), x)
    expect(String(makeProgram(f)(array([1])))).toMatch(/\n {2}ae:f32\[1\] = sin ad\n {2}return ae }$/)
  })
})
