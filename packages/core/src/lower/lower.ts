/**
 * Program -> kernels. Each primitive's `lower` rule gives recipes for elements; this file decides which values are stored in a buffer and
 * which are computed inside their consumers:
 * - views and cheap work are computed wherever they are read;
 * - expensive work is stored when several equations read it, or when one reads each element many times (broadcasting, contractions);
 * - results of reductions and contractions are stored; fuse.ts then moves elementwise consumers into their epilogues.
 */
import { type Aval, aval as makeAval } from '../aval.ts'
import type { Capabilities } from '../backend/backend.ts'
import { computeDType, convert, isHalf } from '../dtype.ts'
import { invariant } from '../errors.ts'
import { type Atom, type Program, subprograms, type Var } from '../program/program.ts'
import { sameShape, sizeOf } from '../shape.ts'
import { BodyBuilder, elementwise, flatten } from './body.ts'
import type { ReduceOp } from './instructions.ts'
import type { BufferId, BufferSpec, Kernel, Load, NodeId, Store } from './kernel.ts'
import { type Body, type ElementRule, type Index, type Lowering, type Operand, type Value, indexAxis, indexConstant } from './lowering.ts'
import { reshapeIndex } from './reshape.ts'
import { isNest } from './rewrite.ts'
import { Lazy, asLazy } from './value.ts'

export interface Lowered {
  readonly buffers: readonly BufferSpec[]
  /** One buffer an input of the Program: ids 0, 1, ... */
  readonly inputs: readonly BufferId[]
  /** One buffer an output; may repeat, and may be an input. */
  readonly outputs: readonly BufferId[]
  readonly kernels: readonly Kernel[]
}

/** A better form of a Program's fused kernels for a backend. Primitives bring theirs, so that a bundle without them is without these too. */
export type KernelRewrite = (lowered: Lowered, capabilities: Capabilities) => Lowered

/** Work up to this much is done again in each of several consumers rather than stored. */
const CHEAP = 2
/** Expressions are stored before they grow past this. */
const LARGEST_EXPRESSION = 120

export function lower(program: Program): Lowered {
  const l = new Lowerer(comparesHalf(program))
  const inputs = program.inputs.map(v => l.allocate(v.aval))
  const results = l.program(
    program,
    inputs.map((b, i) => l.wrap((program.inputs[i] as Var).aval, b)),
  )
  const outputs = results.map(v => l.buffer(v))
  return { buffers: l.buffers, inputs, outputs, kernels: l.kernels }
}

const comparesHalf = ({ equations }: Program): boolean =>
  equations.some(
    ({ inputs, outputs, params }) =>
      (outputs.some(v => v.aval.dtype === 'bool') && inputs.some(a => isHalf(a.aval.dtype))) || subprograms(params).some(comparesHalf),
  )

const identity = (n: number, axes: number, from = 0): Index[] => Array.from({ length: n }, (_, k) => indexAxis(from + k, axes))

class Lowerer implements Lowering {
  readonly buffers: BufferSpec[] = []
  readonly comparesHalf: boolean
  kernels: Kernel[] = []
  private section = 0

  constructor(comparesHalf: boolean) {
    this.comparesHalf = comparesHalf
  }

  // ---- values
  elements(out: Aval, inputs: readonly Value[], rule: ElementRule, options: { readonly cost: number; readonly repeats?: boolean }): Value {
    const from = inputs.map(asLazy)
    if (options.repeats === true) for (const v of from) if (v.cost > CHEAP && out.size > v.aval.size) this.store_(v)
    const v = new Lazy(out, null, { rule, inputs: from, work: options.cost })
    if (v.cost > LARGEST_EXPRESSION) this.store_(v)
    return v
  }
  elementwise(out: Aval, inputs: readonly Value[], rule: (b: Body, args: readonly NodeId[]) => NodeId, cost: number): Value {
    const element: ElementRule = (b, index) =>
      rule(
        b,
        inputs.map(v => b.read(v, broadcastIndex(v.aval.shape, index, b.axes))),
      )
    return this.elements(out, inputs, element, { cost, repeats: inputs.some(v => v.aval.size < out.size) })
  }
  reshape(out: Aval, input: Value): Value {
    const v = asLazy(input)
    if (sameShape(out.shape, v.aval.shape)) return v
    const at = v.buffer === null ? reshapeIndex(out.shape, v.aval.shape) : null
    if (at === null) return this.wrap(out, this.buffer(v))
    return new Lazy(out, null, { rule: (b, index) => b.read(v, at(index, b.axes)), inputs: [v], work: 0, reshapeOf: v })
  }
  reduce(
    out: Aval,
    inputs: readonly Value[],
    op: ReduceOp,
    reduced: readonly number[],
    rule: (b: Body, output: readonly Index[], reduced: readonly Index[]) => NodeId,
    position?: (b: Body, output: readonly Index[], reduced: readonly Index[]) => NodeId,
  ): Value {
    // Windows that overlap read an element several times.
    if (inputs.reduce((n, v) => n + v.aval.size, 0) < out.size * sizeOf(reduced))
      for (const v of inputs) if (asLazy(v).cost > CHEAP) this.stored(v)
    const n = out.shape.length
    const extents = [...out.shape, ...reduced]
    const body = new BodyBuilder(extents)
    const at = identity(n, extents.length),
      over = identity(reduced.length, extents.length, n)
    const value = rule(body, at, over)
    const index = position?.(body, at, over)
    const epilogue = new BodyBuilder(out.shape)
    const result = epilogue.reduced(0, out.dtype)
    const buffer = this.allocate(out)
    this.emit({
      kind: 'loop',
      extents,
      parallel: n,
      body: body.nodes(),
      bodyStores: [],
      reductions: [{ op, dtype: index === undefined ? body.node(value).dtype : 'int32', value, ...(index !== undefined && { index }) }],
      epilogue: epilogue.nodes(),
      stores: [this.rowMajor(buffer, out.shape, result)],
    })
    return this.wrap(out, buffer)
  }
  contract(out: Aval, reduced: readonly number[], a: Operand, b: Operand): Value {
    const n = out.shape.length
    const extents = [...out.shape, ...reduced]
    const at = identity(n, extents.length),
      over = identity(reduced.length, extents.length, n)
    const operand = (o: Operand): Load => this.load(o, new BodyBuilder(extents), at, over)
    const epilogue = new BodyBuilder(out.shape)
    const result = epilogue.reduced(0, out.dtype)
    const [la, lb] = [operand(a), operand(b)]
    const buffer = this.allocate(out)
    this.emit({
      kind: 'contraction',
      extents,
      parallel: n,
      dtype: computeDType(out.dtype),
      a: la,
      b: lb,
      epilogue: epilogue.nodes(),
      stores: [this.rowMajor(buffer, out.shape, result)],
    })
    return this.wrap(out, buffer)
  }

  // ---- buffers and kernels
  stored(value: Value): Value {
    return this.store_(asLazy(value))
  }
  buffer(value: Value): BufferId {
    return this.store_(asLazy(value)).buffer as BufferId
  }
  allocate(out: Aval): BufferId {
    this.buffers.push({ dtype: out.dtype, size: out.size })
    return this.buffers.length - 1
  }
  wrap(out: Aval, buffer: BufferId): Value {
    return new Lazy(out, buffer, null)
  }
  emit(kernel: Kernel): void {
    this.kernels.push(this.section > 0 && isNest(kernel) ? { ...kernel, section: this.section } : kernel)
  }
  fence(): void {
    this.section++
  }
  store(value: Value, buffer: BufferId, target: readonly number[], at: (index: readonly Index[]) => readonly Index[]): void {
    const { shape } = value.aval
    const b = new BodyBuilder(shape)
    const index = identity(shape.length, shape.length)
    const id = b.read(value, index)
    this.elementwiseLoop(shape, b, { buffer, map: flatten(target, at(index), shape.length), value: id })
  }
  body(axes: number): Body & { readonly nodes: () => readonly import('./kernel.ts').Node[] } {
    return new BodyBuilder(new Array<number>(axes).fill(Infinity))
  }
  nested(f: () => void): readonly Kernel[] {
    const outer = this.kernels
    this.kernels = []
    try {
      f()
      return this.kernels
    } finally {
      this.kernels = outer
    }
  }

  // ---- programs
  program(program: Program, inputs: readonly Value[]): readonly Value[] {
    const uses = countUses(program)
    const env = new Map<Var, Value>()
    const define = (v: Var, value: Value): void => {
      const lazy = asLazy(value)
      if ((uses.get(v) ?? 0) > 1 && lazy.cost > CHEAP) this.store_(lazy)
      env.set(v, lazy)
    }
    const read = (a: Atom): Value => {
      if (a.kind === 'literal') return literalValue(a.value, a.aval)
      const v = env.get(a)
      invariant(v !== undefined, 'an equation reads a variable that is not defined')
      return v
    }
    program.inputs.forEach((v, i) => define(v, inputs[i] as Value))
    for (const e of program.equations) {
      const out = e.primitive.lower(
        this,
        e.inputs.map(read),
        e.params,
        e.outputs.map(v => v.aval),
      )
      e.outputs.forEach((v, i) => define(v, out[i] as Value))
    }
    return program.outputs.map(read)
  }

  // ---- internals
  /** Gives a lazy value a buffer. */
  private store_(v: Lazy): Lazy {
    if (v.buffer !== null) return v
    const recipe = v.recipe
    invariant(recipe !== null, 'a value without recipe and buffer')
    if (recipe.reshapeOf) v.buffer = this.buffer(recipe.reshapeOf)
    else {
      const { shape } = v.aval
      const b = new BodyBuilder(shape)
      const id = recipe.rule(b, identity(shape.length, shape.length))
      v.buffer = this.allocate(v.aval)
      this.elementwiseLoop(shape, b, this.rowMajor(v.buffer, shape, id))
    }
    v.recipe = null
    return v
  }
  private elementwiseLoop(shape: readonly number[], b: BodyBuilder, store: Store): void {
    this.emit(elementwise(shape, b.nodes(), [store]))
  }
  private rowMajor(buffer: BufferId, shape: readonly number[], value: NodeId): Store {
    return { buffer, map: flatten(shape, identity(shape.length, shape.length), shape.length), value }
  }
  /** The load of a contraction's operand: views are read in place, everything else is stored first. */
  private load(o: Operand, b: BodyBuilder, at: readonly Index[], over: readonly Index[]): Load {
    const { index, guards } = o.at(at, over)
    this.storeSources(asLazy(o.value))
    let n = b.node(b.readGuarded(o.value, index, guards ?? [], 0))
    if (n.op !== 'load' || n.indirect !== undefined) n = b.node(b.readGuarded(this.stored(o.value), index, guards ?? [], 0))
    invariant(n.op === 'load', 'an operand of a contraction is a load')
    return n
  }
  /** Stores what a view looks at, not the view. */
  private storeSources(v: Lazy): void {
    if (v.buffer !== null) return
    const recipe = v.recipe
    if (recipe === null || recipe.inputs.length !== 1 || recipe.work > 0) this.store_(v)
    else this.storeSources(recipe.inputs[0] as Lazy)
  }
}

/** Position in an operand of `shape` that is broadcast to the index's rank. */
function broadcastIndex(shape: readonly number[], index: readonly Index[], axes: number): readonly Index[] {
  const lead = index.length - shape.length
  return shape.map((n, k) => (n === 1 ? indexConstant(0, axes) : (index[lead + k] as Index)))
}

const literalValue = (value: number, type: Aval): Value =>
  new Lazy(
    makeAval(type.shape, type.dtype),
    null,
    { rule: b => b.constant(convert(value, type.dtype), type.dtype), inputs: [], work: 0 },
    value,
  )

function countUses(program: Program): Map<Var, number> {
  const uses = new Map<Var, number>()
  const use = (a: Atom): void => {
    if (a.kind === 'var') uses.set(a, (uses.get(a) ?? 0) + 1)
  }
  for (const e of program.equations) e.inputs.forEach(use)
  program.outputs.forEach(use)
  return uses
}
