/** The Tensor itself: immutability, reading, printing, memory, backends. */
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend } from '../src/backend/backend.ts'
import { setBackend } from '../src/backend/current.ts'
import { createReference } from '../src/backend/reference.ts'
import { type Tensor, add, arange, array, jit, ones, reshape, scalar, zeros } from '../src/index.ts'

let backend: Backend
beforeAll(() => {
  backend = createReference()
  setBackend(backend)
})
afterAll(() => {
  setBackend(null)
})

describe('a Tensor', () => {
  it('is frozen, and so is its shape', () => {
    const t = array([1, 2, 3])
    expect(() => {
      ;(t as { aval: unknown }).aval = null
    }).toThrow(TypeError)
    expect(() => {
      ;(t.shape as number[]).push(4)
    }).toThrow(TypeError)
  })
  it('copies what it is made from and what it gives', async () => {
    const data = Float32Array.of(1, 2)
    const t = array(data)
    data[0] = 9
    expect([...t.dataSync()]).toEqual([1, 2])
    const out = await t.data()
    out[0] = 7
    expect(await t.toArray()).toEqual([1, 2])
  })
  it('knows shape, dtype, ndim, size', () => {
    const t = zeros([2, 3])
    expect([t.shape, t.dtype, t.ndim, t.size]).toEqual([[2, 3], 'float32', 2, 6])
  })
  it('gives nested arrays, booleans as booleans', async () => {
    expect(await array([[true, false]]).toArray()).toEqual([[true, false]])
    expect(await zeros([2, 0]).toArray()).toEqual([[], []])
    expect(await scalar(3).toArray()).toBe(3)
  })
  it('item needs exactly one element', () => {
    expect(array([[5]]).item()).toBe(5)
    expect(() => array([1, 2]).item()).toThrow(/item: .*\[2\]/)
  })
  it('prints as NumPy, large ones elided', () => {
    expect(String(array([1, 2.5]))).toBe('Tensor([1. , 2.5], dtype=float32)')
    expect(inspect(array([1, 2]))).toContain('dtype=float32')
    expect(String(arange(2000))).toMatch(/\[\s*0,\s+1,\s+2, \.\.\.,\s*1997, 1998, 1999\]/)
  })
})

describe('operators', () => {
  it('throw with the remedy', () => {
    const t = scalar(2)
    expect(() => (t as unknown as number) > 0).toThrow(/greater/)
    expect(() => +(t as unknown as number)).toThrow(/item\(\)/)
    expect(`${t}`).toContain('2')
  })
  it('throw on a traced value with where, cond, scan', () => {
    const f = jit((x: Tensor) => ((x as unknown as number) > 0 ? x : x.neg()))
    expect(() => f(scalar(1))).toThrow(/where.*cond.*scan/)
    expect(() => jit((x: Tensor) => add(x, x.item()))(scalar(1))).toThrow(/item: .*traced by jit.*where, cond/)
    for (const make of [(n: number) => zeros([n]), arange])
      expect(() => jit((x: Tensor) => make(x as unknown as number))(scalar(1))).toThrow(
        /(zeros|arange): a size is a number, got Traced<f32\[\]>.*static/,
      )
    for (const run of [f, jit((x: Tensor) => add(x, x.item()))])
      expect(() => run(scalar(1))).toThrow(expect.objectContaining({ kind: 'TracerError' }))
  })
})

describe('what JavaScript does with objects', () => {
  it('JSON has the elements', () => {
    expect(JSON.stringify({ x: array([[1, 2.5]]), flag: array([true]), s: scalar(3) })).toBe('{"x":[[1,2.5]],"flag":[true],"s":3}')
    expect(() => jit((x: Tensor) => scalar(JSON.stringify(x).length))(scalar(1))).toThrow(
      /^JSON\.stringify: .*traced by jit.*read it outside/,
    )
  })
  it('an index in brackets throws with the remedy, other properties are undefined', () => {
    const t = array([1, 2]) as unknown as Record<string | number, unknown>
    expect(() => t[0]).toThrow(/x\.at\(0\)\.get\(\)/)
    expect(() => t[-1]).toThrow(/x\.at\(-1\)\.get\(\)/)
    expect([t['length'], t['then']]).toEqual([undefined, undefined])
    expect(Object.hasOwn(t, 'aval') && 'toString' in t).toBe(true)
  })
})

describe('printing a traced value', () => {
  it('gives its type', () => {
    let printed = ''
    jit((x: Tensor) => {
      printed = `${x}`
      return x
    })(ones([2]))
    expect(printed).toMatch(/^Traced<f32\[2\]> \(no numbers while jit of .* traces; return it and print it outside\)$/)
  })
})

describe('memory', () => {
  it('a disposed tensor cannot be used, twice is once', () => {
    const t = array([1, 2])
    t.dispose()
    t.dispose()
    const remedy = /was disposed: by dispose\(\).*donated argument of jit\. Use it before that/
    expect(() => t.dataSync()).toThrow(remedy)
    expect(() => add(t, 1)).toThrow(remedy)
    expect(() => add(t, 1)).toThrow(
      expect.objectContaining({ kind: 'DisposedError', message: expect.stringMatching(/^add: a tensor \(f32\[2\]\)/) }),
    )
    expect(String(t)).toBe('Disposed<f32[2]>')
  })
  it('`using` disposes at the end of the block', () => {
    let kept: Tensor
    {
      using t = array([1])
      kept = t
    }
    expect(() => kept.dataSync()).toThrow(/disposed/)
  })
  it('a reshaped tensor outlives the one it came from', () => {
    const t = array([1, 2, 3, 4])
    const r = reshape(t, [2, 2])
    const live = backend.memory().live
    t.dispose()
    expect(backend.memory().live).toBe(live)
    expect([...r.dataSync()]).toEqual([1, 2, 3, 4])
    r.dispose()
    expect(backend.memory().live).toBeLessThan(live)
  })
})

describe('several backends', () => {
  it('refuse to mix and name the remedy', async () => {
    const other = createReference()
    const a = ones([2]),
      b = await ones([2]).to(other)
    expect(() => add(a, b)).toThrow(/add: .*two different reference backends.*t\.to\(backend\)/)
    expect([...add(b, await a.to(other)).dataSync()]).toEqual([2, 2])
    expect(await a.to(backend)).toBe(a)
  })
})
