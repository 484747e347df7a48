/** Runs one contraction in a memory of its own, and computes what it should give. */
import { type Affine, type BufferSpec, type Contraction, type Guard, instructions, type Load, type Node } from '@cotangent/core/kernel'
import { emitContraction } from '../src/kernels/contraction.ts'
import type { EmitContext } from '../src/kernels/kernel.ts'
import { I32, WasmFunction, WasmModule } from '../src/wasm/assembler.ts'

export interface Case {
  readonly buffers: readonly BufferSpec[]
  readonly contraction: Contraction
}

export interface CompiledPhase {
  readonly run: (frame: number, scratch: number, begin: number, end: number) => void
  readonly tasks: number
  readonly cost: number
}

export interface Compiled {
  readonly memory: WebAssembly.Memory
  readonly frame: number
  readonly scratch: number
  readonly scratchEnd: number
  readonly phases: readonly CompiledPhase[]
  /** Byte address of each buffer. */
  readonly addresses: readonly number[]
  readonly bytes: number
}

const up = (n: number, to: number): number => Math.ceil(n / to) * to
const CANARY = 256

/** Each buffer stands alone, with free bytes before and behind. */
export function compileContraction({ buffers, contraction }: Case, fma: boolean, gap = CANARY): Compiled {
  const module = new WasmModule()
  const shared: number[] = []
  let scratchBytes = 0
  const context: EmitContext = {
    module, buffers, fma,
    needScratch: (bytes) => { scratchBytes = Math.max(scratchBytes, bytes) },
    needShared: (bytes) => buffers.length + shared.push(bytes) - 1,
  }
  const emitted = emitContraction(context, contraction)
  emitted.forEach((phase, i) => {
    const f = new WasmFunction(`phase${i}`, [I32, I32, I32, I32])
    module.add(f.get(0).get(1).get(2).get(3).call(phase.run), { exported: true })
  })
  let at = 1024
  const place = (bytes: number): number => {
    const start = up(at + gap, 64)
    at = start + bytes + gap
    return start
  }
  const own = buffers.map((b) => place(4 * b.size))
  const scratch = place(scratchBytes)
  const scratchEnd = scratch + scratchBytes
  const addresses = [...own, ...shared.map(place)]
  const pages = Math.ceil((at + 1024) / 65536)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  new Int32Array(memory.buffer).set(addresses, 0)
  const bytes = module.encode({ shared: false, maximumPages: pages })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  const phases = emitted.map(({ tasks, cost }, i) => ({ run: exports[`phase${i}`] as CompiledPhase['run'], tasks, cost }))
  return { memory, frame: 0, scratch, scratchEnd, phases, addresses, bytes: bytes.length }
}

/** The tasks in pieces: `cut` gives the next piece's end. */
export function runAll(c: Compiled, cut: (begin: number, tasks: number) => number = (_, tasks) => tasks): void {
  for (const phase of c.phases) {
    for (let begin = 0; begin < phase.tasks;) {
      const end = Math.min(phase.tasks, Math.max(begin + 1, cut(begin, phase.tasks)))
      phase.run(c.frame, c.scratch, begin, end)
      begin = end
    }
  }
}

// ---- the specification in float64

type Data = readonly (Float32Array | Int32Array)[]
const at = (list: readonly number[], i: number): number => list[i] as number

function offsetOf(map: Affine, index: readonly number[], data: Data): number {
  let offset = map.offset
  map.strides.forEach((s, i) => { offset += s * at(index, i) })
  for (const d of map.dynamic ?? []) offset += d.stride * (data[d.buffer]?.[0] as number)
  return offset
}

const inside = (guards: readonly Guard[] | undefined, index: readonly number[], data: Data): boolean =>
  (guards ?? []).every((g) => { const x = offsetOf(g.index, index, data); return x >= 0 && x < g.extent })

const load = (l: Load, index: readonly number[], data: Data): number =>
  inside(l.guards, index, data) ? (data[l.buffer]?.[offsetOf(l.map, index, data)] as number) : 0

function evaluate(nodes: readonly Node[], index: readonly number[], data: Data, sum: number): number[] {
  const values: number[] = []
  for (const node of nodes) values.push(evaluateNode(node, nodes, values, index, data, sum))
  return values
}

function evaluateNode(node: Node, nodes: readonly Node[], values: readonly number[], index: readonly number[], data: Data, sum: number): number {
  switch (node.op) {
    case 'load': return load(node, index, data)
    case 'const': return node.value
    case 'iota': return offsetOf(node.map, index, data)
    case 'inside': return inside(node.guards, index, data) ? 1 : 0
    case 'reduced': return sum
    default: {
      const from = (nodes[at(node.args, 0)] as Node).dtype
      return instructions[node.op].evaluate(node.args.map((a) => at(values, a)), node.dtype, from)
    }
  }
}

/** Calls `visit` with each index tuple. The tuple is reused. */
function forEachIndex(extents: readonly number[], visit: (index: readonly number[]) => void): void {
  const index = extents.map(() => 0)
  if (extents.includes(0)) return
  for (;;) {
    visit(index)
    let d = extents.length - 1
    for (; d >= 0; d--) {
      index[d] = at(index, d) + 1
      if (at(index, d) < at(extents, d)) break
      index[d] = 0
    }
    if (d < 0) return
  }
}

export interface Expected {
  /** For each store: element -> value, and the size of the terms it comes from. */
  readonly elements: readonly ReadonlyMap<number, { readonly value: number; readonly scale: number }>[]
}

/** The part of an affine index that comes from the axes from `first` on, at each point of them. */
function reducedOffsets(map: Affine, first: number, extents: readonly number[]): Int32Array {
  const out: number[] = []
  forEachIndex(extents, (index) => out.push(index.reduce((n, x, i) => n + x * at(map.strides, first + i), 0)))
  return Int32Array.from(out)
}

/** An operand at each point: its offset is a sum of one part from the parallel and one from the reduced axes, and so are its guards. */
function reader(l: Load, parallel: number, reduced: readonly number[], data: Data): (point: readonly number[]) => (r: number) => number {
  const inner = reducedOffsets(l.map, parallel, reduced)
  const guards = (l.guards ?? []).map((g) => ({ ...g, inner: reducedOffsets(g.index, parallel, reduced) }))
  const buffer = data[l.buffer] as Float32Array
  return (point) => {
    const zero = [...point, ...reduced.map(() => 0)]
    const start = offsetOf(l.map, zero, data)
    const starts = guards.map((g) => offsetOf(g.index, zero, data))
    return (r) => {
      for (let g = 0; g < guards.length; g++) {
        const x = at(starts, g) + ((guards[g] as { inner: Int32Array }).inner[r] as number)
        if (x < 0 || x >= (guards[g] as Guard).extent) return 0
      }
      return buffer[start + (inner[r] as number)] as number
    }
  }
}

/** What the contraction should write. */
export function expected({ contraction: c }: Case, data: Data): Expected {
  const elements = c.stores.map(() => new Map<number, { value: number; scale: number }>())
  const reduced = c.extents.slice(c.parallel)
  const terms = reduced.reduce((n, e) => n * e, 1)
  const [readA, readB] = [reader(c.a, c.parallel, reduced, data), reader(c.b, c.parallel, reduced, data)]
  forEachIndex(c.extents.slice(0, c.parallel), (point) => {
    const [a, b] = [readA(point), readB(point)]
    let sum = 0
    let scale = 0
    for (let r = 0; r < terms; r++) {
      const term = a(r) * b(r)
      sum += term
      scale += Math.abs(term)
    }
    const values = evaluate(c.epilogue, point, data, sum)
    const epilogue = values.reduce((n, x) => n + Math.abs(x), 0)
    c.stores.forEach((s, k) => {
      const value = at(values, s.value)
      elements[k]?.set(offsetOf(s.map, point, data), { value, scale: scale + epilogue })
    })
  })
  return { elements }
}

// ---- comparison

export interface Outcome {
  /** What went wrong, or ''. */
  readonly problem: string
  /** The written buffers' bytes. */
  readonly image: string
}

const FILL = -12345.678

/** Runs a case and checks all of memory: what is stored, and that nothing else has changed. */
export function check(test: Case, data: Data, fma: boolean, cut?: (begin: number, tasks: number) => number): Outcome {
  const compiled = compileContraction(test, fma)
  const floats = new Float32Array(compiled.memory.buffer)
  const stored = new Set(test.contraction.stores.map((s) => s.buffer))
  const first = Math.min(...compiled.addresses) / 4 - 64
  floats.fill(FILL, first, compiled.scratch / 4)
  floats.fill(NaN, compiled.scratch / 4) // what is not packed must not count
  const [scratchEnd, behind] = [compiled.scratchEnd / 4, compiled.scratchEnd / 4 + CANARY / 4]
  floats.fill(FILL, scratchEnd, behind)
  test.buffers.forEach((spec, i) => {
    if (!stored.has(i)) new Uint8Array(compiled.memory.buffer).set(new Uint8Array((data[i] as Float32Array).buffer, 0, 4 * spec.size), at(compiled.addresses, i))
  })
  const before = floats.slice(first, compiled.scratch / 4)
  runAll(compiled, cut)
  const { elements } = expected(test, data)
  const terms = test.contraction.extents.slice(test.contraction.parallel).reduce((n, e) => n * e, 1)
  let problem = ''
  test.contraction.stores.forEach((s, k) => {
    const base = at(compiled.addresses, s.buffer) / 4
    for (const [offset, { value, scale }] of elements[k] as ReadonlyMap<number, { value: number; scale: number }>) {
      const got = floats[base + offset] as number
      const tolerance = (terms + 8) * 1.2e-7 * scale + 1e-30
      if (!(Math.abs(got - value) <= tolerance)) problem ||= `store ${k} element ${offset}: got ${got}, expected ${value} +- ${tolerance}`
      before[base + offset - first] = got
    }
  })
  const after = floats.subarray(first, compiled.scratch / 4)
  const [x, y] = [new Int32Array(before.buffer), new Int32Array(after.buffer, after.byteOffset, after.length)]
  for (let i = 0; i < x.length && problem === ''; i++) if (x[i] !== y[i]) problem = `float at ${4 * (first + i)} was overwritten`
  if (floats.subarray(scratchEnd, behind).some((x) => x !== Math.fround(FILL))) problem ||= 'scratch memory was overrun'
  return { problem, image: after.join() }
}

// ---- cases

let seed = 1
const random = (): number => { seed = (Math.imul(seed, 1664525) + 1013904223) | 0; return seed / 2147483648 }
export const randomData = (buffers: readonly BufferSpec[]): Float32Array[] => buffers.map((b) => Float32Array.from({ length: b.size }, random))

export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, e) => n * e, 1)
export const rowMajor = (shape: readonly number[]): number[] => {
  let s = 1
  return [...shape].reverse().map((n) => { const stride = s; s *= n; return stride }).reverse()
}
export const float32 = (size: number): BufferSpec => ({ dtype: 'float32', size })
const sum: readonly Node[] = [{ op: 'reduced', dtype: 'float32', index: 0 }]
const loadOf = (buffer: number, strides: readonly number[], offset = 0, guards?: readonly Guard[]): Load =>
  ({ op: 'load', buffer, dtype: 'float32', map: { offset, strides }, ...(guards ? { guards } : {}) })

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
      kind: 'contraction', extents: [batch, m, n, k], parallel: 3, dtype: 'float32',
      a: loadOf(0, [ga, am, 0, ak]), b: loadOf(1, [gb, 0, bn, bk]), epilogue: sum,
      stores: [{ buffer: 2, map: { offset: 0, strides: [m * n, n, 1] }, value: 0 }],
    },
  }
}

/** The case with other work after the sum. `nodes` and `values` (one for each store) see the sum as node 0; each store is a new buffer like the first. */
export function withEpilogue(c: Case, more: readonly BufferSpec[], nodes: (first: number) => readonly Node[], values: readonly number[]): Case {
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
    index: { offset: -pad[0], strides: [0, y * stride, x * stride, 0, 0, y * dilation, x * dilation, 0] }, extent,
  })
  return {
    buffers: [float32(n * h * w * groups * v.c), float32(kh * kw * v.c * go), float32(n * ho * wo * go)],
    contraction: {
      kind: 'contraction', extents: [n, ho, wo, groups, v.o, kh, kw, v.c], parallel: 5, dtype: 'float32',
      a: loadOf(0, [xn, stride * xy, stride * xx, xg, 0, dilation * xy, dilation * xx, xc], -pad[0] * (xy + xx), [guard(1, 0, h), guard(0, 1, w)]),
      b: loadOf(1, [0, 0, 0, v.o, 1, kw * v.c * go, v.c * go, go]), epilogue: sum,
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
    index: { offset: -pad[0], strides: [y * dilation, x * dilation, 0, 0, 0, 0, y * stride, x * stride] }, extent,
  })
  return {
    buffers: [float32(n * h * w * groups * v.c), float32(n * ho * wo * go), float32(kh * kw * v.c * go)],
    contraction: {
      kind: 'contraction', extents: [kh, kw, groups, v.c, v.o, n, ho, wo], parallel: 5, dtype: 'float32',
      a: loadOf(0, [dilation * xy, dilation * xx, xg, xc, 0, xn, stride * xy, stride * xx], -pad[0] * (xy + xx), [guard(1, 0, h), guard(0, 1, w)]),
      b: loadOf(1, [0, 0, yg, 0, yo, yn, yy, yx]), epilogue: sum,
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
      kind: 'contraction', extents: [n, count(h), count(w), groups, v.c, taps(kh), taps(kw), v.o], parallel: 5, dtype: 'float32',
      a: loadOf(0, [yn, yy, yx, yg, 0, -yy, -yx, yo], first * (yy + yx), [guard(1, 0, ho), guard(0, 1, wo)]),
      b: loadOf(1, [0, 0, 0, v.o, go, stride * kw * v.c * go, stride * v.c * go, 1]), epilogue: sum,
      stores: [{ buffer: 2, map: { offset: start * (xy + xx), strides: [xn, stride * xy, stride * xx, xg, xc] }, value: 0 }],
    },
  }
}
