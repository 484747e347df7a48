/** Node lists and stores, compiled to closures over registers: a Float64Array a node, which holds every dtype exactly. */
import { computeDType, type ComputeDType, convert, type DType } from '../../dtype.ts'
import { fail, invariant } from '../../errors.ts'
import { instructions } from '../../lower/instructions.ts'
import type { BufferId, Load, Node, NodeId, Store } from '../../lower/kernel.ts'
import { type Cells, type Memory, numbersOf } from './memory.ts'
import type { Space } from './space.ts'

/** Works on the first `n` lanes of the space's current block. */
export type Step = (n: number, memory: Memory) => void
export type Register = Float64Array<ArrayBuffer>

export interface NodeProgram {
  readonly registers: readonly Register[]
  readonly run: Step
}

/** `reduced[i]` holds the results of reduction i, a lane a point of `space`. `where` names the kernel in error messages. */
export function compileNodes(nodes: readonly Node[], space: Space, reduced: readonly Register[], where: string): NodeProgram {
  const registers: Register[] = []
  const steps: Step[] = []
  for (const node of nodes) {
    if (node.op === 'reduced') {
      const result = reduced[node.index]
      invariant(result !== undefined, `${where}: there is no reduction ${node.index}`)
      registers.push(result)
      continue
    }
    const out = new Float64Array(space.width)
    const step = compileNode(node, nodes, registers, space, out, where)
    registers.push(out)
    if (step !== undefined) steps.push(step)
  }
  return {
    registers,
    run: (n, memory) => {
      for (const step of steps) step(n, memory)
    },
  }
}

function compileNode(
  node: Exclude<Node, { op: 'reduced' }>,
  nodes: readonly Node[],
  registers: readonly Register[],
  space: Space,
  out: Register,
  where: string,
): Step | undefined {
  switch (node.op) {
    case 'const':
      out.fill(convert(node.value, node.dtype))
      return undefined
    case 'load':
      return compileLoad(node, registers, space, out, where)
    case 'iota': {
      const at = space.address(node.map),
        round = rounderOf(node.dtype)
      return n => {
        for (let i = 0; i < n; i++) out[i] = at[i] as number
        round(out, n)
      }
    }
    case 'inside': {
      const mask = space.mask(node.guards)
      return n => {
        for (let i = 0; i < n; i++) out[i] = mask[i] as number
      }
    }
    default:
      return compileInstruction(node, nodes, registers, out, where)
  }
}

function compileInstruction(
  node: Extract<Node, { args: readonly NodeId[] }>,
  nodes: readonly Node[],
  registers: readonly Register[],
  out: Register,
  where: string,
): Step {
  const { arity, evaluate } = instructions[node.op]
  invariant(node.args.length === arity, `${where}: ${node.op} takes ${arity} operands, got ${node.args.length}`)
  const operand = (i: number): Register => register(registers, node.args[Math.min(i, arity - 1)] as NodeId, where)
  const a = operand(0),
    b = operand(1),
    c = operand(2)
  const { dtype } = node,
    from = (nodes[node.args[0] as NodeId] as Node).dtype,
    round = rounderOf(dtype)
  const x = [0.5, 0.5, 0.5]
  return n => {
    for (let i = 0; i < n; i++) {
      x[0] = a[i] as number
      x[1] = b[i] as number
      x[2] = c[i] as number
      out[i] = evaluate(x, dtype, from)
    }
    round(out, n)
  }
}

function compileLoad(load: Load, registers: readonly Register[], space: Space, out: Register, where: string): Step {
  const address = compileAddress(load.map, load.indirect ?? [], registers, space, where)
  const mask = load.guards === undefined || load.guards.length === 0 ? undefined : space.mask(load.guards)
  return (n, memory) => {
    const data = memory[load.buffer] as Cells,
      numbers = numbersOf(data),
      at = address(n)
    for (let i = 0; i < n; i++) {
      const k = at[i] as number
      if (mask !== undefined && mask[i] === 0) out[i] = 0
      else if (k >= 0 && k < data.length) out[i] = numbers === null ? (data[k] as number) : numbers.at(k)
      else outOfRange(where, 'load', load.buffer, k, data.length)
    }
  }
}

/** Performs `stores` on the current block. */
export function compileStores(stores: readonly Store[], { registers }: NodeProgram, space: Space, where: string): Step {
  const steps = stores.map(({ buffer, map, value }): Step => {
    const at = space.address(map),
      source = register(registers, value, where)
    return (n, memory) => {
      const data = memory[buffer] as Cells,
        numbers = numbersOf(data)
      for (let i = 0; i < n; i++) {
        const k = at[i] as number
        if (k < 0 || k >= data.length) outOfRange(where, 'store', buffer, k, data.length)
        if (numbers === null) data[k] = source[i] as number
        else numbers.put(k, source[i] as number)
      }
    }
  })
  return (n, memory) => {
    for (const step of steps) step(n, memory)
  }
}

/** The element offsets `map + indirect` of the current block. */
export function compileAddress(
  map: Load['map'],
  indirect: NonNullable<Load['indirect']>,
  registers: readonly Register[],
  space: Space,
  where: string,
): (n: number) => Int32Array {
  const affine = space.address(map)
  if (indirect.length === 0) return () => affine
  const out = new Int32Array(space.width)
  const terms = indirect.map(({ index, stride }) => ({ stride, index: register(registers, index, where) }))
  return n => {
    out.set(affine)
    for (const { stride, index } of terms) for (let i = 0; i < n; i++) out[i] = (out[i] as number) + stride * (index[i] as number)
    return out
  }
}

export function register(registers: readonly Register[], id: NodeId, where: string): Register {
  const found = registers[id]
  invariant(found !== undefined, `${where}: node ${id} is used before it is defined`)
  return found
}

export function outOfRange(where: string, what: 'load' | 'store', buffer: BufferId, at: number, size: number): never {
  fail(
    'InternalError',
    `${where}: ${what} of buffer b${buffer} at element ${at}, but it has ${size}. This is a fault in Cotangent: please report it.`,
  )
}

const rounderOf = (dtype: DType): ((r: Register, n: number) => void) => rounders[computeDType(dtype)]
/** Rounds or wraps the first `n` lanes to a dtype, in place. */
const rounders: Record<ComputeDType, (r: Register, n: number) => void> = {
  float32: (r, n) => {
    for (let i = 0; i < n; i++) r[i] = Math.fround(r[i] as number)
  },
  float64: () => {},
  int32: (r, n) => {
    for (let i = 0; i < n; i++) r[i] = (r[i] as number) | 0
  },
  uint32: (r, n) => {
    for (let i = 0; i < n; i++) r[i] = (r[i] as number) >>> 0
  },
  bool: (r, n) => {
    for (let i = 0; i < n; i++) r[i] = r[i] !== 0 ? 1 : 0
  },
}
