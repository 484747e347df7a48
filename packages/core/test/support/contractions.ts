/** Matrix products and convolutions as contractions, as the lowering writes them. */
import type { BufferSpec, Contraction, Guard, Load, Node } from '../../src/lower/kernel.ts'

export interface Case {
  readonly buffers: readonly BufferSpec[]
  readonly contraction: Contraction
}

let seed = 1
const random = (): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0
  return seed / 2147483648
}
export const randomData = (buffers: readonly BufferSpec[]): Float32Array[] =>
  buffers.map(b => Float32Array.from({ length: b.size }, random))

export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, e) => n * e, 1)
export const rowMajor = (shape: readonly number[]): number[] => {
  let s = 1
  return [...shape]
    .reverse()
    .map(n => {
      const stride = s
      s *= n
      return stride
    })
    .reverse()
}
export const float32 = (size: number): BufferSpec => ({ dtype: 'float32', size })
const sum: readonly Node[] = [{ op: 'reduced', dtype: 'float32', index: 0 }]
const loadOf = (buffer: number, strides: readonly number[], offset = 0, guards?: readonly Guard[]): Load => ({
  op: 'load',
  buffer,
  dtype: 'float32',
  map: { offset, strides },
  ...(guards ? { guards } : {}),
})

export interface MatmulOptions {
  readonly batch?: number
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  /** The operand is the same for the whole batch. */
  readonly sharedA?: boolean
  readonly sharedB?: boolean
}

/** c[g, m, n] = sum over k of a[g, m, k] * b[g, k, n]; buffers a, b, c. */
export function matmul(m: number, n: number, k: number, o: MatmulOptions = {}): Case {
  const batch = o.batch ?? 1
  const [am, ak] = o.transposeA ? [1, m] : [k, 1]
  const [bk, bn] = o.transposeB ? [1, k] : [n, 1]
  const [ga, gb] = [o.sharedA ? 0 : m * k, o.sharedB ? 0 : k * n]
  return {
    buffers: [float32(batch * m * k), float32(batch * k * n), float32(batch * m * n)],
    contraction: {
      kind: 'contraction',
      extents: [batch, m, n, k],
      parallel: 3,
      dtype: 'float32',
      a: loadOf(0, [ga, am, 0, ak]),
      b: loadOf(1, [gb, 0, bn, bk]),
      epilogue: sum,
      stores: [{ buffer: 2, map: { offset: 0, strides: [m * n, n, 1] }, value: 0 }],
    },
  }
}

/**
 * The case with other work after the sum. `nodes` and `values` (one for each store) see the sum as node 0; each store is a new buffer like
 * the first.
 */
export function withEpilogue(
  c: Case,
  more: readonly BufferSpec[],
  nodes: (first: number) => readonly Node[],
  values: readonly number[],
): Case {
  const { contraction } = c
  const [store] = contraction.stores
  if (store === undefined) throw new Error('a case has a store')
  const target = c.buffers[store.buffer] as BufferSpec
  const first = c.buffers.length
  return {
    buffers: [...c.buffers, ...more, ...values.slice(1).map(() => target)],
    contraction: {
      ...contraction,
      epilogue: [...sum, ...nodes(first)],
      stores: values.map((value, i) => ({ ...store, value, buffer: i === 0 ? store.buffer : first + more.length + i - 1 })),
    },
  }
}

export interface ConvOptions {
  readonly n: number
  readonly h: number
  readonly w: number
  readonly c: number
  readonly o: number
  readonly kh: number
  readonly kw: number
  readonly stride?: number
  readonly dilation?: number
  readonly pad?: readonly [number, number]
  readonly groups?: number
  /** Channels before height and width. */
  readonly nchw?: boolean
}

export interface ConvShape {
  readonly ho: number
  readonly wo: number
}

export function convShape({ h, w, kh, kw, stride = 1, dilation = 1, pad = [0, 0] }: ConvOptions): ConvShape {
  const out = (x: number, k: number): number => Math.max(0, Math.floor((x + pad[0] + pad[1] - dilation * (k - 1) - 1) / stride) + 1)
  return { ho: out(h, kh), wo: out(w, kw) }
}

/** Strides of n, y, x, g, c of an image, by layout. */
const imageStrides = (h: number, w: number, groups: number, c: number, nchw: boolean): number[] => {
  const channels = groups * c
  return nchw ? [channels * h * w, w, 1, c * h * w, h * w] : [h * w * channels, w * channels, channels, c, 1]
}

/** Convolution over axes n, y, x, g, o (parallel), ky, kx, c (reduced); buffers x, w [kh, kw, c, g * o], y. */
export function convForward(v: ConvOptions): Case {
  const { n, h, w, kh, kw, stride = 1, dilation = 1, pad = [0, 0], groups = 1, nchw = false } = v
  const { ho, wo } = convShape(v)
  const [xn, xy, xx, xg, xc] = imageStrides(h, w, groups, v.c, nchw) as [number, number, number, number, number]
  const [yn, yy, yx, yg, yo] = imageStrides(ho, wo, groups, v.o, nchw) as [number, number, number, number, number]
  const go = groups * v.o
  const guard = (y: number, x: number, extent: number): Guard => ({
    index: { offset: -pad[0], strides: [0, y * stride, x * stride, 0, 0, y * dilation, x * dilation, 0] },
    extent,
  })
  return {
    buffers: [float32(n * h * w * groups * v.c), float32(kh * kw * v.c * go), float32(n * ho * wo * go)],
    contraction: {
      kind: 'contraction',
      extents: [n, ho, wo, groups, v.o, kh, kw, v.c],
      parallel: 5,
      dtype: 'float32',
      a: loadOf(0, [xn, stride * xy, stride * xx, xg, 0, dilation * xy, dilation * xx, xc], -pad[0] * (xy + xx), [
        guard(1, 0, h),
        guard(0, 1, w),
      ]),
      b: loadOf(1, [0, 0, 0, v.o, 1, kw * v.c * go, v.c * go, go]),
      epilogue: sum,
      stores: [{ buffer: 2, map: { offset: 0, strides: [yn, yy, yx, yg, yo] }, value: 0 }],
    },
  }
}

/** Gradient by weight: axes ky, kx, g, c, o (parallel), n, y, x (reduced); buffers x, dy, dw. */
export function convWeight(v: ConvOptions): Case {
  const { n, h, w, kh, kw, stride = 1, dilation = 1, pad = [0, 0], groups = 1, nchw = false } = v
  const { ho, wo } = convShape(v)
  const [xn, xy, xx, xg, xc] = imageStrides(h, w, groups, v.c, nchw) as [number, number, number, number, number]
  const [yn, yy, yx, yg, yo] = imageStrides(ho, wo, groups, v.o, nchw) as [number, number, number, number, number]
  const go = groups * v.o
  const guard = (y: number, x: number, extent: number): Guard => ({
    index: { offset: -pad[0], strides: [y * dilation, x * dilation, 0, 0, 0, 0, y * stride, x * stride] },
    extent,
  })
  return {
    buffers: [float32(n * h * w * groups * v.c), float32(n * ho * wo * go), float32(kh * kw * v.c * go)],
    contraction: {
      kind: 'contraction',
      extents: [kh, kw, groups, v.c, v.o, n, ho, wo],
      parallel: 5,
      dtype: 'float32',
      a: loadOf(0, [dilation * xy, dilation * xx, xg, xc, 0, xn, stride * xy, stride * xx], -pad[0] * (xy + xx), [
        guard(1, 0, h),
        guard(0, 1, w),
      ]),
      b: loadOf(1, [0, 0, yg, 0, yo, yn, yy, yx]),
      epilogue: sum,
      stores: [{ buffer: 2, map: { offset: 0, strides: [kw * v.c * go, v.c * go, v.o, go, 1] }, value: 0 }],
    },
  }
}

/**
 * Gradient by input at the phase (0, 0) of a stride (the whole of it for stride 1): axes n, y, x, g, c (parallel), ky, kx, o (reduced);
 * buffers dy, w, dx. y and x count input positions `y * stride - pad`, taps `ky * stride`.
 */
export function convInput(v: ConvOptions): Case {
  const { n, h, w, kh, kw, stride = 1, pad = [0, 0], groups = 1, nchw = false } = v
  const { ho, wo } = convShape({ ...v, dilation: 1 })
  const [xn, xy, xx, xg, xc] = imageStrides(h, w, groups, v.c, nchw) as [number, number, number, number, number]
  const [yn, yy, yx, yg, yo] = imageStrides(ho, wo, groups, v.o, nchw) as [number, number, number, number, number]
  const go = groups * v.o
  const first = Math.ceil(pad[0] / stride) // the first output position whose input position is not in the padding
  const count = (size: number): number => Math.max(0, Math.floor((size - 1 + pad[0] - first * stride) / stride) + 1)
  const taps = (k: number): number => Math.ceil(k / stride)
  const guard = (y: number, x: number, extent: number): Guard => ({ index: { offset: first, strides: [0, y, x, 0, 0, -y, -x, 0] }, extent })
  const start = first * stride - pad[0]
  return {
    buffers: [float32(n * ho * wo * go), float32(kh * kw * v.c * go), float32(n * h * w * groups * v.c)],
    contraction: {
      kind: 'contraction',
      extents: [n, count(h), count(w), groups, v.c, taps(kh), taps(kw), v.o],
      parallel: 5,
      dtype: 'float32',
      a: loadOf(0, [yn, yy, yx, yg, 0, -yy, -yx, yo], first * (yy + yx), [guard(1, 0, ho), guard(0, 1, wo)]),
      b: loadOf(1, [0, 0, 0, v.o, go, stride * kw * v.c * go, stride * v.c * go, 1]),
      epilogue: sum,
      stores: [{ buffer: 2, map: { offset: start * (xy + xx), strides: [xn, stride * xy, stride * xx, xg, xc] }, value: 0 }],
    },
  }
}
