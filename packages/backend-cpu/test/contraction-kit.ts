/** Runs one contraction in a memory of its own, and computes what it should give. */
import { type Affine, type BufferSpec, type Contraction, type Guard, instructions, type Load, type Node } from '@cotangent/core/kernel'
import type { Engine } from '../src/tuning.ts'
import { emitPhases } from './kernel-kit.ts'

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
export function compileContraction({ buffers, contraction }: Case, engine: Engine, gap = CANARY): Compiled {
  const { module, phases: emitted, shared, scratchBytes } = emitPhases(contraction, buffers, engine)
  let at = 1024
  const place = (bytes: number): number => {
    const start = up(at + gap, 64)
    at = start + bytes + gap
    return start
  }
  const own = buffers.map(b => place(4 * b.size))
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
    for (let begin = 0; begin < phase.tasks; ) {
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
  map.strides.forEach((s, i) => {
    offset += s * at(index, i)
  })
  for (const d of map.dynamic ?? []) offset += d.stride * (data[d.buffer]?.[0] as number)
  return offset
}

const inside = (guards: readonly Guard[] | undefined, index: readonly number[], data: Data): boolean =>
  (guards ?? []).every(g => {
    const x = offsetOf(g.index, index, data)
    return x >= 0 && x < g.extent
  })

const load = (l: Load, index: readonly number[], data: Data): number =>
  inside(l.guards, index, data) ? (data[l.buffer]?.[offsetOf(l.map, index, data)] as number) : 0

function evaluate(nodes: readonly Node[], index: readonly number[], data: Data, sum: number): number[] {
  const values: number[] = []
  for (const node of nodes) values.push(evaluateNode(node, nodes, values, index, data, sum))
  return values
}

function evaluateNode(
  node: Node,
  nodes: readonly Node[],
  values: readonly number[],
  index: readonly number[],
  data: Data,
  sum: number,
): number {
  switch (node.op) {
    case 'load':
      return load(node, index, data)
    case 'const':
      return node.value
    case 'iota':
      return offsetOf(node.map, index, data)
    case 'inside':
      return inside(node.guards, index, data) ? 1 : 0
    case 'reduced':
      return sum
    default: {
      const from = (nodes[at(node.args, 0)] as Node).dtype
      return instructions[node.op].evaluate(
        node.args.map(a => at(values, a)),
        node.dtype,
        from,
      )
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
  forEachIndex(extents, index => out.push(index.reduce((n, x, i) => n + x * at(map.strides, first + i), 0)))
  return Int32Array.from(out)
}

/** An operand at each point: its offset is a sum of one part from the parallel and one from the reduced axes, and so are its guards. */
function reader(l: Load, parallel: number, reduced: readonly number[], data: Data): (point: readonly number[]) => (r: number) => number {
  const inner = reducedOffsets(l.map, parallel, reduced)
  const guards = (l.guards ?? []).map(g => ({ ...g, inner: reducedOffsets(g.index, parallel, reduced) }))
  const buffer = data[l.buffer] as Float32Array
  return point => {
    const zero = [...point, ...reduced.map(() => 0)]
    const start = offsetOf(l.map, zero, data)
    const starts = guards.map(g => offsetOf(g.index, zero, data))
    return r => {
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
  forEachIndex(c.extents.slice(0, c.parallel), point => {
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
export function check(test: Case, data: Data, engine: Engine, cut?: (begin: number, tasks: number) => number): Outcome {
  const compiled = compileContraction(test, engine)
  const floats = new Float32Array(compiled.memory.buffer)
  const stored = new Set(test.contraction.stores.map(s => s.buffer))
  const first = Math.min(...compiled.addresses) / 4 - 64
  floats.fill(FILL, first, compiled.scratch / 4)
  floats.fill(NaN, compiled.scratch / 4) // what is not packed must not count
  const [scratchEnd, behind] = [compiled.scratchEnd / 4, compiled.scratchEnd / 4 + CANARY / 4]
  floats.fill(FILL, scratchEnd, behind)
  test.buffers.forEach((spec, i) => {
    if (!stored.has(i))
      new Uint8Array(compiled.memory.buffer).set(
        new Uint8Array((data[i] as Float32Array).buffer, 0, 4 * spec.size),
        at(compiled.addresses, i),
      )
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
  if (floats.subarray(scratchEnd, behind).some(x => x !== Math.fround(FILL))) problem ||= 'scratch memory was overrun'
  return { problem, image: after.join() }
}
