/**
 * Scatter: points in iteration order, each a read-modify-write. Vectors lie along the last axis where its points have distinct targets at one
 * distance, the indices do not change along it and the condition neither: then the order of any two points with one target is kept.
 */
import { bytesOf, type BufferSpec, type ComputeDType, type Node, type Scatter } from '@cotangent/core/kernel'
import { Ops } from '../math/expression.ts'
import { loops, scatterCost } from '../tuning.ts'
import { I32, type Local, WasmFunction } from '../wasm/assembler.ts'
import { loadStrided, type PushAddress, storeStrided } from './access.ts'
import { type Bound, type Cursor, Cursors, scalarLoop, vectorLoop } from './address.ts'
import { Body } from './body.ts'
import { combine } from './combine.ts'
import { BEGIN, END, type EmitContext, type Phase, phaseParams } from './kernel.ts'
import { expressions, newValue, setValue, type Value } from '../math/value.ts'

/** The axis whose range is cut into tasks, and how many indices a task takes. */
interface Split {
  readonly axis: number
  readonly length: number
  readonly tasks: number
}

export function emitScatter(context: EmitContext, kernel: Scatter): readonly Phase[] {
  if (kernel.extents.includes(0)) return []
  const f = new WasmFunction('scatter', phaseParams)
  const o = new Ops(f, context.module, context.fma)
  const scatter = kernel.extents.length > 0 ? kernel : { ...kernel, ...withUnitAxis(kernel) }
  const last = scatter.extents.length - 1
  const vectors = new ScatterEmitter(o, context, scatter, last)
  const emitter = vectors.fits ? vectors : new ScatterEmitter(o, context, scatter, -1)
  const split = splitOf(scatter, context.buffers[scatter.buffer] as BufferSpec, emitter.vector)
  emitter.emit(split)
  context.module.add(f)
  const points = scatter.extents.reduce((a, n) => a * n, 1)
  return [{ run: f, tasks: split?.tasks ?? 1, cost: points * (vectors.fits ? scatterCost / 4 : scatterCost) }]
}

/** A scatter of a single point has no axes; one of extent 1 makes it a loop like the others. */
function withUnitAxis(kernel: Scatter): Partial<Scatter> {
  const add = (node: Node): Node => {
    if (node.op === 'load' || node.op === 'iota') return { ...node, map: { ...node.map, strides: [0] }, ...guardsOf(node) }
    return node.op === 'inside' ? { ...node, guards: node.guards.map(g => ({ ...g, index: { ...g.index, strides: [0] } })) } : node
  }
  const guardsOf = (node: Node): object =>
    node.op === 'load' && node.guards !== undefined ? { guards: node.guards.map(g => ({ ...g, index: { ...g.index, strides: [0] } })) } : {}
  return { extents: [1], body: kernel.body.map(add), map: { ...kernel.map, strides: [0] } }
}

/**
 * Tasks that never meet in one target. Columns: all other strides are multiples of the row length, so the vector axis's index says which
 * column is written. Batches: the first axis moves by more than everything else can, as when each example has its own target.
 */
function splitOf({ extents, map, indirect }: Scatter, target: BufferSpec, vector: number): Split | undefined {
  const others = [...map.strides.filter((_, axis) => axis !== vector), ...indirect.map(i => i.stride)]
  const pieces = (axis: number, length: number): Split => ({ axis, length, tasks: Math.ceil((extents[axis] as number) / length) })
  if (vector > 0 && map.dynamic === undefined && map.strides[vector] === 1) {
    const row = others.reduce((a, s) => gcd(a, Math.abs(s)), 0)
    const columns = extents[vector] as number
    if (row > 0 && columns > loops.scatterPiece && (map.offset % row) + columns <= row) return pieces(vector, loops.scatterPiece)
  }
  const first = map.strides[0] ?? 0
  const rest = map.strides.slice(1).reduce((a, s, k) => a + s * ((extents[k + 1] as number) - 1), map.offset)
  const inside =
    map.dynamic === undefined &&
    map.offset >= 0 &&
    map.strides.every(s => s >= 0) &&
    rest < first &&
    indirect.every(i => i.stride < first && i.stride >= 0)
  return extents.length > 1 && inside && target.size === first * (extents[0] as number)
    ? pieces(0, Math.max(1, Math.ceil((extents[0] as number) / 64)))
    : undefined
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

class ScatterEmitter {
  readonly vector: number
  /** Can the vector axis be used? */
  readonly fits: boolean
  private readonly o: Ops
  private readonly kernel: Scatter
  private readonly body: Body
  private readonly targets: Cursors
  private readonly target: Cursor
  private readonly dtype: ComputeDType

  constructor(o: Ops, context: EmitContext, kernel: Scatter, vector: number) {
    const levels = kernel.extents.map((_, axis) => axis + 1)
    this.o = o
    this.kernel = kernel
    this.vector = vector
    this.dtype = context.buffers[kernel.buffer]?.dtype as ComputeDType
    this.body = new Body(o, context, { nodes: kernel.body, stores: [], levels, vector })
    this.targets = new Cursors(o.f, levels)
    this.target = this.targets.of(kernel.map, bytesOf(this.dtype), kernel.buffer)
    const uniform = [...kernel.indirect.map(i => i.index), ...(kernel.where === undefined ? [] : [kernel.where])]
    this.fits = vector >= 0 && kernel.map.strides[vector] !== 0 && uniform.every(n => !this.body.place(n).varying)
  }

  emit(split: Split | undefined): void {
    const {
      body,
      targets,
      o: { f },
      kernel,
    } = this
    body.prologue()
    targets.prologue()
    const unset = kernel.extents.map(() => undefined)
    body.start(unset)
    targets.start(unset)
    body.enter(0, [1])
    if (split === undefined) return this.nest(0, undefined)
    const task = f.local(I32),
      from = f.local(I32),
      to = f.local(I32),
      end = kernel.extents[split.axis] as number
    f.forRange(task, BEGIN, END, () => {
      f.get(task).i32(split.length).mul().tee(from).i32(split.length).add().set(to)
      f.get(to)
        .i32(end)
        .op(0x4a)
        .if(() => f.i32(end).set(to)) // i32.gt_s
      this.nest(0, { axis: split.axis, from: { local: from }, to: { local: to } })
    })
  }

  private nest(axis: number, part: { readonly axis: number; readonly from: Bound; readonly to: Bound } | undefined): void {
    const {
      body,
      targets,
      kernel,
      vector,
      o: { f },
    } = this
    const extent = kernel.extents[axis]
    if (extent === undefined) return this.points([1])
    const range = {
      f,
      cursors: [body.cursors, targets],
      axis,
      from: 0 as Bound,
      to: extent as Bound,
      ...(part?.axis === axis ? { from: part.from, to: part.to } : {}),
    }
    if (axis === vector) {
      vectorLoop({ ...range, extent, unroll: 1, whole: false }, lanes => {
        body.enter(axis + 1, lanes)
        this.points(lanes)
      })
    } else {
      scalarLoop(range, () => {
        body.enter(axis + 1, [1])
        this.nest(axis + 1, part)
      })
    }
  }

  private points(lanes: readonly number[]): void {
    const {
      body,
      o: { f },
      kernel,
    } = this
    const write = (): void => lanes.forEach((n, copy) => this.write(n, copy))
    if (kernel.where === undefined) return write()
    f.get(body.value(kernel.where, 0)[0] as Local)
      .op(0xfd, 0x1b, 0)
      .if(write) // i32x4.extract_lane
  }

  private write(lanes: number, copy: number): void {
    const { o, kernel, body, dtype } = this
    const address = o.f.local(I32)
    this.target.push(o.f)
    for (const i of kernel.indirect)
      o.f
        .get(body.value(i.index, 0)[0] as Local)
        .op(0xfd, 0x1b, 0)
        .i32(i.stride * bytesOf(dtype))
        .mul()
        .add()
    o.f.set(address)
    const stride = this.vector < 0 ? 0 : (kernel.map.strides[this.vector] as number)
    const at: PushAddress = offset => {
      o.f.get(address)
      if (offset !== 0) o.f.i32(offset).add()
      return 0
    }
    storeStrided(o, dtype, stride, lanes, this.combined(body.value(kernel.value, copy), stride, lanes, at), at)
  }

  private combined(x: Value, stride: number, lanes: number, at: PushAddress): Value {
    const { o, kernel, dtype } = this
    if (kernel.combine === 'set') return x
    const old = expressions(o, loadStrided(o, dtype, stride, lanes, at))
    const out = newValue(o, dtype)
    const op = ({ add: 'sum', mul: 'prod', min: 'min', max: 'max' } as const)[kernel.combine]
    setValue(o, out, combine(o, op, dtype, old, expressions(o, x)))
    return out
  }
}
