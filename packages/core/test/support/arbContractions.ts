/** Arbitraries for Contractions. */
import * as fc from 'fast-check'
import type { Contraction, Guard, Load } from '../../src/lower/kernel.ts'
import {
  type Case,
  type ConvOptions,
  convForward,
  convInput,
  convWeight,
  float32,
  type MatmulOptions,
  rowMajor,
  sizeOf,
} from './contractions.ts'

/** Of matrices. */
export const size: fc.Arbitrary<number> = fc.constantFrom(0, 1, 2, 3, 5, 7, 8, 9, 17, 33)
const small = fc.constantFrom(1, 2, 3, 4, 5, 6)

export const matmulOptions: fc.Arbitrary<MatmulOptions> = fc.record({
  batch: fc.constantFrom(1, 2, 3),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  sharedA: fc.boolean(),
  sharedB: fc.boolean(),
})

export const conv: fc.Arbitrary<ConvOptions> = fc.record({
  n: fc.constantFrom(1, 2, 3),
  h: fc.integer({ min: 1, max: 11 }),
  w: fc.integer({ min: 1, max: 15 }),
  c: small,
  o: fc.constantFrom(1, 3, 4, 8, 9),
  kh: fc.constantFrom(1, 2, 3),
  kw: fc.constantFrom(1, 2, 3),
  stride: fc.constantFrom(1, 2, 3),
  dilation: fc.constantFrom(1, 2),
  pad: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
  groups: fc.constantFrom(1, 1, 2, 3),
  nchw: fc.boolean(),
})
export const directions: readonly (readonly [string, (v: ConvOptions) => Case])[] = [
  ['forward', convForward],
  ['gradient by weight', convWeight],
  ['gradient by input', convInput],
]

/** Of layers. */
export const layers: readonly [string, ConvOptions][] = [
  ['3 x 3', { n: 2, h: 14, w: 14, c: 16, o: 24, kh: 3, kw: 3, pad: [1, 1] }],
  ['rows of 7', { n: 2, h: 7, w: 7, c: 40, o: 16, kh: 3, kw: 3, pad: [1, 1] }],
  ['7 x 7, stride 2', { n: 1, h: 30, w: 30, c: 3, o: 20, kh: 7, kw: 7, stride: 2, pad: [2, 3] }],
  ['depthwise', { n: 2, h: 12, w: 13, c: 1, o: 1, groups: 22, kh: 3, kw: 3, pad: [1, 1] }],
  ['a line', { n: 1, h: 1, w: 20000, c: 6, o: 3, kh: 1, kw: 5, pad: [0, 4] }],
]

/** Any affine maps at all: strides of all signs, shared axes, guards that depend on everything. */
export const arbContraction: fc.Arbitrary<Case> = fc
  .record({
    parallel: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 }),
    reduced: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
    a: fc.array(fc.integer({ min: -3, max: 4 }), { minLength: 7, maxLength: 7 }),
    b: fc.array(fc.integer({ min: -3, max: 4 }), { minLength: 7, maxLength: 7 }),
    guards: fc.array(
      fc.record({
        onA: fc.boolean(),
        offset: fc.integer({ min: -4, max: 4 }),
        extent: fc.integer({ min: 0, max: 9 }),
        strides: fc.array(fc.constantFrom(0, 0, 0, 1, 1, -1, 2), { minLength: 7, maxLength: 7 }),
      }),
      { maxLength: 3 },
    ),
    order: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
    reverse: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  })
  .map(r => {
    const extents = [...r.parallel, ...r.reduced]
    const affine = (strides: readonly number[]): { offset: number; strides: number[]; size: number } => {
      const used = strides.slice(0, extents.length)
      const reach = used.map((s, i) => s * Math.max(0, (extents[i] as number) - 1))
      const low = reach.reduce((n, x) => n + Math.min(0, x), 0)
      return { offset: -low, strides: used, size: reach.reduce((n, x) => n + Math.max(0, x), 0) - low + 1 }
    }
    const guards = (onA: boolean): Guard[] =>
      r.guards
        .filter(g => g.onA === onA)
        .map(g => ({ extent: g.extent, index: { offset: g.offset, strides: g.strides.slice(0, extents.length) } }))
    const [a, b] = [affine(r.a), affine(r.b)]
    const operand = (buffer: number, map: typeof a): Load => ({
      op: 'load',
      buffer,
      dtype: 'float32',
      map: { offset: map.offset, strides: map.strides },
      guards: guards(buffer === 0),
    })
    const axes = r.parallel.map((_, i) => i).sort((x, y) => (r.order[x] as number) - (r.order[y] as number))
    const dense = rowMajor(axes.map(axis => extents[axis] as number))
    const strides = r.parallel.map((_, axis) => (r.reverse[axis] ? -1 : 1) * (dense[axes.indexOf(axis)] as number))
    const offset = strides.reduce((n, s, axis) => n - Math.min(0, s) * ((extents[axis] as number) - 1), 0)
    const contraction: Contraction = {
      kind: 'contraction',
      extents,
      parallel: r.parallel.length,
      dtype: 'float32',
      a: operand(0, a),
      b: operand(1, b),
      epilogue: [{ op: 'reduced', dtype: 'float32', index: 0 }],
      stores: [{ buffer: 2, value: 0, map: { offset, strides } }],
    }
    return { buffers: [float32(a.size), float32(b.size), float32(sizeOf(r.parallel))], contraction }
  })
