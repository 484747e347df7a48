/**
 * Loops as fragment shaders. A fragment stands at a texel of an output, finds the points that store its elements, and evaluates the kernel
 * there: four points at once along an axis of which the texel holds consecutive ones, else one after the other.
 */
import { type DType, type Loop, type Node, type NodeId, operandsOf, readsOf, sizeOf, type Store } from '@cotangent/core/kernel'
import { type Lanes, texelType, toTexel } from '../glsl/types.ts'
import type { ElementRange, EmitContext, Pass } from '../pass.ts'
import { invert } from './affine.ts'
import { chooseVector, type Draw, drawsOf, type Output, storedRange, type Vector } from './loop-plan.ts'
import { inBlocks } from './loop-blocks.ts'
import { spill } from './loop-spill.ts'
import { Nodes, type Scope, type Value } from './nodes.ts'
import { accumulate, type Accumulator } from './reductions.ts'
import { type KernelContext, sameTexel, Shader, unitsFor } from './shader.ts'

export const emitLoop = (context: KernelContext, kernel: Loop): readonly Pass[] =>
  inBlocks(context, kernel).flatMap(([inside, loop]) => emitWhole(inside, loop))

function emitWhole(given: KernelContext, kernel: Loop): readonly Pass[] {
  // Beside what a value reads a pass samples the old content of its outputs, and terms of their addresses.
  const { context, before, loop } = spill(given, kernel, Math.max(2, unitsFor(given) - 4))
  if (before.length > 0) given.note('loop in parts', `it reads ${new Set(readsOf(kernel)).size} tensors, more than a draw can`)
  return [...before.flatMap(l => passesOf(context, l)), ...storesOf(context, loop)]
}

/** What the body stores can be read back for the reductions, rather than computed again, unless the Loop reads those buffers itself. */
function storesOf(context: KernelContext, loop: Loop): readonly Pass[] {
  const reads = readsOf(loop)
  if (loop.bodyStores.some(s => reads.includes(s.buffer))) return inOrder(context, passesOf(context, loop))
  const later = { ...loop, body: readBack(loop), bodyStores: [] }
  return [...inOrder(context, passesOf(context, { ...loop, stores: [] })), ...inOrder(context, passesOf(context, later))]
}

/** The body with loads in place of the stored nodes whose computation costs something. */
const readBack = ({ body, bodyStores }: Loop): readonly Node[] =>
  body.map((node, id) => {
    const store = bodyStores.find(s => s.value === id)
    return store === undefined || !('args' in node) || store.map.strides.at(-1) !== 1
      ? node
      : { op: 'load', buffer: store.buffer, dtype: node.dtype, map: store.map }
  })

const passesOf = (context: EmitContext, loop: Loop): readonly Pass[] =>
  drawsOf(loop, context)
    .filter(d => sizeOf(d.extents) > 0)
    .flatMap(draw => new LoopShader(context, loop, draw).passes())

/** Points whose float sum is a part of a long one. */
const PART = 64

/** Nodes that are written out once a lane. */
const SHORT = 16

class LoopShader {
  private readonly context: EmitContext
  private readonly loop: Loop
  private readonly draw: Draw
  private readonly shader: Shader
  private readonly vector: Vector | undefined
  /** Points of one evaluation that differ in where they are stored. */
  private readonly lanes: Lanes
  private readonly dtypes: readonly DType[]
  /** The elements that are drawn over, if not the whole of the outputs is written. */
  private readonly over: ElementRange | undefined

  constructor(context: EmitContext, loop: Loop, draw: Draw) {
    this.context = context
    this.loop = loop
    this.draw = draw
    this.shader = new Shader(context)
    this.vector = chooseVector(loop, draw)
    this.lanes = this.vector?.across === false ? 4 : 1
    this.over = storedRange(loop, draw, context)
    this.dtypes = draw.outputs.map(o => context.spec(o.buffer).dtype)
  }

  passes(): readonly Pass[] {
    const stores = this.draw.maps.flatMap((_, s) => this.store(s))
    return this.over === undefined ? [this.whole(stores)] : this.part(stores, this.over)
  }

  /** Writes all elements, old ones where no point stores. */
  private whole(stores: readonly string[]): Pass {
    const { outputs } = this.draw
    const old = outputs.map((o, k) => this.oldContent(o, this.dtypes[k] as DType))
    const element = this.lanes === 4 ? ['int e = 4 * targetTexel();', ...stores] : forEachLane(stores, this.isShort())
    return this.pass([...this.declared(old), ...element])
  }

  /** Draws over the elements of `range`: whole texels, or one lane after the other. */
  private part(stores: readonly string[], elements: ElementRange): readonly Pass[] {
    const text = [...this.declared(this.dtypes.map(d => `${texelType(d)}(0)`)), 'bool found = false;']
    if (this.lanes === 4)
      return [{ ...this.pass([...text, 'int e = 4 * targetTexel();', ...stores, 'if (!found) discard;']), over: { elements } }]
    const pass = this.pass([...text, 'int e = 4 * targetTexel() + lane;', ...stores, 'if (!found) discard;'])
    return [0, 1, 2, 3].map(lane => ({
      ...pass,
      uniforms: [...pass.uniforms, { name: 'lane', type: 'int', value: lane }],
      over: { elements, lanes: [lane === 0, lane === 1, lane === 2, lane === 3] },
    }))
  }

  private isShort(): boolean {
    const { from, outputs } = this.draw,
      { body, epilogue, reductions } = this.loop
    const nodes = from === 'body' ? body : epilogue
    return (from === 'body' || reductions.length === 0) && nodes.length + outputs.length <= SHORT
  }

  private declared(old: readonly string[]): readonly string[] {
    return old.map((text, k) => `${texelType(this.dtypes[k] as DType)} r${k} = ${text};`)
  }

  private pass(statements: readonly string[]): Pass {
    const { parallel, extents } = this.loop,
      { outputs } = this.draw
    const main = [...statements, ...outputs.map((_, k) => `out${k} = r${k};`)]
    const pass = this.shader.pass(
      `loop [${extents.slice(0, parallel).join(', ')} | ${extents.slice(parallel).join(', ')}]`,
      outputs.map(o => o.buffer),
      `void main() {\n${main.join('\n')}\n}\n`,
    )
    return { ...pass, work: this.work() }
  }

  /** Nodes that a fragment evaluates. */
  private work(): number {
    const { parallel, extents, body, epilogue, reductions } = this.loop,
      { from, maps } = this.draw
    if (from === 'body') return 4 * maps.length * (body.length + 4)
    const points = reductions.length === 0 ? 0 : sizeOf(extents.slice(parallel))
    return 4 * maps.length * (epilogue.length + 4 + points * (body.length + 1))
  }

  private oldContent({ buffer }: Output, dtype: DType): string {
    const keep = !this.draw.covers && this.context.isWritten(buffer)
    return keep ? sameTexel(this.shader.sampler(buffer, false)) : `${texelType(dtype)}(0)`
  }

  /** Evaluates the points of one store map, at element `e`, into r0, r1, ... */
  private store(s: number): readonly string[] {
    const { draw, lanes } = this
    const { statements, indices, hit } = invert(this.shader, draw.maps[s] as Store['map'], draw.extents, 'e', draw.everywhere, 'i')
    const results = draw.outputs.map(o => (o.stores[s] as Store).value)
    const evaluated = draw.from === 'body' ? this.body(results, indices, s) : this.epilogue(results, indices, s)
    const assigned = evaluated.texts.map(
      (text, k) => `r${k}${lanes === 4 ? '' : '[lane]'} = ${toTexel(this.dtypes[k] as DType, lanes, text)};`,
    )
    const inner = [...evaluated.statements, ...assigned, ...(this.over === undefined ? [] : ['found = true;'])]
    return ['{', ...statements, ...(hit === 'true' ? inner : [`if (${hit}) {`, ...inner, '}']), '}']
  }

  private body(results: readonly NodeId[], indices: readonly string[], s: number): Evaluated {
    const nodes = new Nodes(this.loop.body, this.scope(indices, 'v', [], s))
    const texts = results.map(id => nodes.wide(id, this.lanes))
    return { statements: nodes.statements, texts }
  }

  private epilogue(results: readonly NodeId[], indices: readonly string[], s: number): Evaluated {
    const { epilogue, reductions } = this.loop
    const used = reductionsUsed(epilogue, results)
    const reduced = this.reduce(used, indices)
    const values: (Value | undefined)[] = reductions.map((_, i) => reduced.values.get(i))
    const scope = this.scope(indices, 'w', values as readonly Value[], s)
    const nodes = new Nodes(epilogue, this.lanes === 4 ? scope : { ...scope, axis: undefined })
    const texts = results.map(id => nodes.wide(id, this.lanes))
    return { statements: [...reduced.statements, ...nodes.statements], texts }
  }

  private reduce(used: readonly number[], outer: readonly string[]): { statements: readonly string[]; values: ReadonlyMap<number, Value> } {
    const { body, reductions, extents, parallel } = this.loop,
      { vector } = this
    if (used.length === 0) return { statements: [], values: new Map() }
    const across = vector?.across === true,
      long = sizeOf(extents.slice(parallel)) >= 4 * PART
    const manner = { lanes: vector === undefined ? 1 : 4, across, long } as const
    const accumulators = used.map(i => accumulate(reductions[i] as Loop['reductions'][number], body, `a${i}`, manner))
    const indices = extents.map((n, k) => (k < parallel ? (outer[k] as string) : n === 1 ? '0' : `i${k}`))
    const nodes = new Nodes(body, this.scope(indices, 'v', [], undefined))
    const feeds = accumulators.flatMap(a => a.feed(nodes)),
      flush = accumulators.flatMap(a => a.flush)
    const loops = extents.flatMap((n, k) => {
      if (k < parallel || n === 1) return []
      const step = across && k === vector.axis ? 4 : 1
      return [`for (int i${k} = 0; i${k} < ${n}; i${k} += ${step})`]
    })
    const parts = flush.length === 0 ? [] : [`if ((++points & ${PART - 1}) == 0) {`, ...flush, '}']
    const declared = [...accumulators.flatMap(a => a.declare), ...(parts.length === 0 ? [] : ['int points = 0;'])]
    return {
      statements: [...declared, ...loops, '{', ...nodes.statements, ...feeds, ...parts, '}', ...flush],
      values: new Map(used.map((i, n) => [i, (accumulators[n] as Accumulator).result])),
    }
  }

  private scope(indices: readonly string[], prefix: string, reduced: readonly Value[], s: number | undefined): Scope {
    const { draw, shader, vector, lanes } = this
    const target =
      lanes === 4 && s !== undefined && draw.everywhere
        ? { map: draw.maps[s] as Store['map'], layout: this.context.spec((draw.outputs[0] as Output).buffer) }
        : undefined
    return { shader, indices, axis: vector?.axis, prefix, reduced, target }
  }
}

interface Evaluated {
  readonly statements: readonly string[]
  /** Of the results, in as many lanes as the draw has. */
  readonly texts: readonly string[]
}

/** Short texts are written out: that runs a quarter faster than a loop, and takes longer to compile. */
function forEachLane(statements: readonly string[], isShort: boolean): readonly string[] {
  const element = ['int e = 4 * targetTexel() + lane;', ...statements, '}']
  return isShort
    ? [0, 1, 2, 3].flatMap(lane => ['{', `const int lane = ${lane};`, ...element])
    : ['for (int lane = 0; lane < 4; lane++) {', ...element]
}

/** Reductions whose results some of `roots` need. */
function reductionsUsed(nodes: Loop['epilogue'], roots: readonly NodeId[]): readonly number[] {
  const seen = new Set<NodeId>(),
    used = new Set<number>()
  const visit = (id: NodeId): void => {
    if (seen.has(id)) return
    seen.add(id)
    const node = nodes[id] as Loop['epilogue'][number]
    if (node.op === 'reduced') used.add(node.index)
    for (const a of operandsOf(node)) visit(a)
  }
  roots.forEach(visit)
  return [...used].sort((a, b) => a - b)
}

/**
 * A kernel reads what was there before it: a pass that writes a buffer comes after those that sample it. Where two wait for each other, one
 * writes to the side, and is copied at the end.
 */
function inOrder(context: EmitContext, passes: readonly Pass[]): readonly Pass[] {
  const left = [...passes],
    ordered: Pass[] = [],
    copies: Pass[] = []
  while (left.length > 0) {
    const free = left.findIndex(p => !left.some(q => q !== p && q.textures.some(t => p.targets.includes(t.texture))))
    const [pass] = left.splice(Math.max(free, 0), 1) as [Pass]
    if (free >= 0) ordered.push(pass)
    else {
      const aside = pass.targets.map(t => context.temporary(context.spec(t)))
      ordered.push({ ...pass, targets: aside })
      copies.push(...aside.map((from, k) => copy(context, from, pass.targets[k] as number)))
    }
  }
  return [...ordered, ...copies]
}

function copy(context: EmitContext, from: number, to: number): Pass {
  const shader = new Shader(context)
  const text = sameTexel(shader.sampler(from, false))
  return shader.pass('copy', [to], `void main() {\nout0 = ${text};\n}\n`)
}
