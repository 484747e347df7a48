import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, test } from 'vitest'
import { scalar } from '../src/numpy/creation.ts'
import { key } from '../src/random/key.ts'
import { Tensor } from '../src/tensor.ts'
import { type TreeNode, flatten, flattenTree, matchTree, sameStructure, staticKey, staticValue, tree, unflattenTree } from '../src/tree.ts'
import { ravelTree } from '../src/transforms/ravelTree.ts'
import { expectClose, numbers } from './support/close.ts'
import { useReference } from './support/laws.ts'
import { float, int } from './support/values.ts'

useReference()

class Complex implements TreeNode<Complex> {
  readonly re: Tensor
  readonly im: Tensor
  constructor(re: Tensor, im: Tensor) {
    this.re = re
    this.im = im
  }
  [flatten]() {
    return [[this.re, this.im], ([re, im]: readonly unknown[]) => new Complex(re as Tensor, im as Tensor)] as const
  }
}

/** Trees of all kinds of nodes. */
const { t: arbTree } = fc.letrec(tie => ({
  t: fc.oneof(
    { maxDepth: 4 },
    fc.float({ noNaN: true }).map(x => scalar(x)),
    fc.constant(null),
    fc.constant(undefined),
    fc.string(),
    fc.nat().map(staticValue),
    fc.array(tie('t'), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie('t'), { maxKeys: 3, noNullPrototype: true }),
    tie('t').map(O.some),
    fc.float().map(x => new Complex(scalar(x), scalar(0))),
  ),
}))

describe('structure', () => {
  test('unflatten puts together what flatten took apart', () => {
    fc.assert(
      fc.property(arbTree, t => {
        const { leaves, structure } = flattenTree(t)
        expect(unflattenTree(structure, leaves)).toEqual(t)
        expect(structure.size).toBe(leaves.length)
        expect(tree.paths(t).length).toBe(leaves.length)
      }),
    )
  })
  test('matchTree agrees with equality of keys', () => {
    fc.assert(
      fc.property(arbTree, arbTree, (a, b) => {
        const s = flattenTree(a).structure,
          leaves: Tensor[] = []
        expect(matchTree(s, a, leaves)).toBe(true)
        expect(leaves).toEqual(tree.leaves(a))
        expect(matchTree(s, b, [])).toBe(sameStructure(s, flattenTree(b).structure))
      }),
    )
  })
  test('field order does not matter, names do', () => {
    const [x, y] = [scalar(1), scalar(2)]
    expect(tree.leaves({ b: x, a: y })).toEqual([y, x])
    expect(tree.sameStructure({ b: x, a: y }, { a: x, b: y })).toBe(true)
    expect(tree.sameStructure({ a: x }, { b: x })).toBe(false)
    expect(tree.sameStructure([x], { 0: x })).toBe(false)
    expect(tree.sameStructure({ a: undefined }, {})).toBe(false)
  })
  test('static values are compared by content, functions by identity', () => {
    const f = (): number => 1
    expect(staticKey({ b: [1, 'x'], a: f })).toBe(staticKey({ a: f, b: [1, 'x'] }))
    expect(staticKey(f)).not.toBe(staticKey((): number => 1))
    expect(staticKey(-0)).not.toBe(staticKey(0))
    expect(staticKey('1')).not.toBe(staticKey(1))
    expect(tree.sameStructure(staticValue(3), staticValue(3))).toBe(true)
    expect(tree.sameStructure(staticValue(3), staticValue(4))).toBe(false)
  })
  test('Option, Either, keys and classes', () => {
    const x = scalar(3)
    expect(tree.map(t => t.mul(2), O.some(x))).toMatchObject({ _tag: 'Some' })
    expect(tree.leaves(O.none)).toEqual([])
    expect(tree.leaves(E.right(x))).toEqual([x])
    expect(tree.leaves({ k: key(0) }).map(t => t.shape)).toEqual([[2]])
    const doubled = tree.map(t => t.mul(2), { z: new Complex(x, x) })
    expect(doubled.z).toBeInstanceOf(Complex)
    expect(doubled.z.im.item()).toBe(6)
  })
  test('paths', () => {
    const x = scalar(1)
    expect(tree.paths({ params: { blocks: [x, null, { w: x, 'a b': x }] }, k: key(1) })).toEqual([
      'k',
      'params.blocks[0]',
      'params.blocks[2]["a b"]',
      'params.blocks[2].w',
    ])
  })
})

describe('refusals name the place and the remedy', () => {
  const refused = (t: unknown): string => {
    try {
      flattenTree(t, 'params')
    } catch (e) {
      expect(e).toMatchObject({ kind: 'TreeError' })
      return (e as Error).message
    }
    return 'accepted'
  }
  test.each([
    [{ lr: 0.1 }, /params\.lr is a number \(0\.1\).*scalar\(0\.1\)/],
    [{ a: [true] }, /params\.a\[0\] is a boolean/],
    [{ f: Math.sin }, /params\.f is a function \(sin\).*staticValue/],
    [{ m: new Map() }, /params\.m is a Map.*plain object/],
    [{ p: Promise.resolve(1) }, /params\.p is a Promise.*Await/],
    [{ d: new Float32Array(1) }, /params\.d is a Float32Array.*array\(/],
    [{ c: new (class Thing {})() }, /params\.c is a Thing.*TreeNode/],
    [new Complex(scalar(1), 2 as never), /params\[1\] is a number/],
  ])('%o', (t, message) => {
    expect(refused(t)).toMatch(message)
  })
  test('map over trees of different structure', () => {
    const x = scalar(1)
    expect(() => tree.map((a, b) => a.add(b), { a: [x, x] }, { a: [x] } as never)).toThrow(
      /tree\.a: expected an array of 2, got an array of 1/,
    )
  })
})

describe('functions', () => {
  test('map over one, two and three trees, and reduce', () => {
    const t = { a: float(1, 2), b: [float(3)] }
    expectClose(
      tree.map(x => x.mul(2), t),
      { a: float(2, 4), b: [float(6)] },
    )
    expectClose(
      tree.map((x, y) => x.add(y), t, t),
      { a: float(2, 4), b: [float(6)] },
    )
    expectClose(
      tree.map((x, y, z) => (x as Tensor).add(y as Tensor).sub(z as Tensor), t, t, t),
      t,
    )
    expect(tree.reduce((n, x) => n + x.size, t, 0)).toBe(3)
  })
  test('ravelTree and back', () => {
    const t = { w: float(1, 2, 3, 4).reshape([2, 2]), n: [int(5)] }
    const [flat, unravel] = ravelTree(t)
    expect(numbers(flat)).toEqual([5, 1, 2, 3, 4])
    expectClose(unravel(flat), t)
    expect(() => unravel(float(1))).toThrow(/unravel: expected f32\[5\], got f32\[1\]/)
    expect(ravelTree({})[0].shape).toEqual([0])
  })
})
