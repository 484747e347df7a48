/** A small emitter of scalar loops, so that the runtime is tested by itself, and graphs written by hand for it. */
import {
  computeDType,
  type BufferId,
  type BufferSpec,
  type ComputeDType,
  type KernelGraph,
  type Loop,
  type Node,
  type Placement,
} from '@cotangent/core/kernel'
import { CpuBackend, type Platform } from '../src/backend.ts'
import { address, BEGIN, END, phaseParams, type EmitContext, type Phase } from '../src/kernels/kernel.ts'
import type { Runner } from '../src/runtime/executable.ts'
import { findLiveness } from '../src/runtime/liveness.ts'
import { Memory } from '../src/runtime/memory.ts'
import type { EmitKernel } from '../src/runtime/program.ts'
import { I32, type Local, WasmFunction } from '../src/wasm/assembler.ts'

export const oneThread: Runner & { dispose(): Promise<void> } = {
  threads: 1,
  run: job => job.main(job.frame, job.scratch, 0, 1),
  runAsync: async (job, frame, scratch) => job.main(frame, scratch, 0, 1),
  forget: () => {},
  dispose: async () => {},
}

export const backendFor = (options: Partial<Platform> = {}): CpuBackend =>
  new CpuBackend({
    memory: new Memory({ shared: false, maximumPages: 65536 }),
    fma: false,
    memoryBudget: 2 ** 29,
    liveness: findLiveness(),
    emit: scalarEmitter(0),
    runner: oneThread,
    ...options,
  })

/** Each element is one task; `cost` nanoseconds in all are claimed. Loops of one parallel axis on float32 and int32 without reductions. */
export const scalarEmitter =
  (cost: number): EmitKernel =>
  (context, kernel) => {
    if (kernel.kind !== 'loop') throw new Error(`the test emitter has no ${kernel.kind}`)
    return [{ run: emitElements(context, kernel), tasks: kernel.extents[0] ?? 1, cost }]
  }

function emitElements(context: EmitContext, kernel: Loop): Phase['run'] {
  const f = new WasmFunction('elements', phaseParams)
  const i = f.local(I32)
  f.forRange(i, BEGIN, END, () => {
    for (const store of kernel.stores) {
      element(f, store.buffer, i, store.map.strides[0] ?? 0, store.map.offset)
      value(f, kernel.epilogue, store.value, i)
      if (kernel.epilogue[store.value]?.dtype === 'float32') f.f32Store()
      else f.i32Store()
    }
  })
  return context.module.add(f)
}

const element = (f: WasmFunction, buffer: BufferId, i: Local, stride: number, offset: number): WasmFunction =>
  address(f, buffer)
    .get(i)
    .i32(4 * stride)
    .mul()
    .add()
    .i32(4 * offset)
    .add()

const opcodes: Readonly<Record<string, Partial<Record<ComputeDType, number>>>> = {
  add: { float32: 0x92, int32: 0x6a },
  mul: { float32: 0x94, int32: 0x6c },
  sub: { float32: 0x93, int32: 0x6b },
  lt: { float32: 0x5d, int32: 0x48 },
}

function value(f: WasmFunction, nodes: readonly Node[], id: number, i: Local): ComputeDType {
  const node = nodes[id] as Node
  switch (node.op) {
    case 'load':
      element(f, node.buffer, i, node.map.strides[0] ?? 0, node.map.offset)
      if (node.dtype === 'float32') f.f32Load()
      else f.i32Load()
      return node.dtype
    case 'const':
      if (node.dtype === 'float32') f.f32(node.value)
      else f.i32(node.value)
      return node.dtype
    case 'iota':
      f.get(i)
      return node.dtype
    default: {
      if (!('args' in node)) throw new Error(`the test emitter has no ${node.op}`)
      const from = node.args.map(a => value(f, nodes, a, i))[0] as ComputeDType
      f.op(opcodes[node.op]?.[from] as number)
      return node.dtype
    }
  }
}

// ---- graphs

/** A tiny language for one-axis kernels: `['add', 'x', 1]` over buffers by name. */
export type Expression = number | string | readonly ['add' | 'mul' | 'sub' | 'lt', Expression, Expression]

export class GraphBuilder {
  readonly buffers: (BufferSpec & { readonly place: Placement })[] = []
  private readonly names = new Map<string, BufferId>()
  private arena = 0
  private readonly inputs: BufferId[] = []
  private readonly outputs: BufferId[] = []

  private add(name: string, dtype: ComputeDType, size: number, place: Placement): this {
    this.names.set(name, this.buffers.length)
    this.buffers.push({ dtype, size, place })
    return this
  }
  id(name: string): BufferId {
    return this.names.get(name) as BufferId
  }
  input(name: string, size: number, dtype: ComputeDType = 'float32'): this {
    this.inputs.push(this.buffers.length)
    return this.add(name, dtype, size, { kind: 'input', index: this.inputs.length - 1 })
  }
  output(name: string, size: number, dtype: ComputeDType = 'float32'): this {
    this.outputs.push(this.buffers.length)
    return this.add(name, dtype, size, { kind: 'output', index: this.outputs.length - 1 })
  }
  temporary(name: string, size: number, dtype: ComputeDType = 'float32'): this {
    const offset = this.arena
    this.arena += Math.ceil((4 * size) / 64) * 64
    return this.add(name, dtype, size, { kind: 'temporary', offset })
  }
  constant(name: string, data: Float32Array): this {
    return this.add(name, 'float32', data.length, { kind: 'constant', data })
  }
  /** Returns a buffer that is not an output placement as a result. */
  result(name: string): this {
    this.outputs.push(this.id(name))
    return this
  }

  /** `target[i] = expression` at each i; buffers of one element are broadcast. */
  map(target: string, expression: Expression): Loop {
    const size = (this.buffers[this.id(target)] as BufferSpec).size
    const epilogue: Node[] = []
    const node = (e: Expression): number => {
      if (typeof e === 'number') return epilogue.push({ op: 'const', dtype: this.typeOf(expression), value: e }) - 1
      if (typeof e === 'string') {
        const b = this.buffers[this.id(e)] as BufferSpec
        return (
          epilogue.push({
            op: 'load',
            buffer: this.id(e),
            dtype: computeDType(b.dtype),
            map: { offset: 0, strides: [b.size === 1 && size > 1 ? 0 : 1] },
          }) - 1
        )
      }
      const args = [node(e[1]), node(e[2])]
      return epilogue.push({ op: e[0], dtype: e[0] === 'lt' ? 'bool' : this.typeOf(e), args }) - 1
    }
    const value = node(expression)
    return {
      kind: 'loop',
      extents: [size],
      parallel: 1,
      body: [],
      bodyStores: [],
      reductions: [],
      epilogue,
      stores: [{ buffer: this.id(target), map: { offset: 0, strides: [1] }, value }],
    }
  }

  private typeOf(e: Expression): ComputeDType {
    if (typeof e === 'string') return computeDType((this.buffers[this.id(e)] as BufferSpec).dtype)
    if (typeof e === 'number') return 'float32'
    return this.typeOf(typeof e[1] === 'number' ? e[2] : e[1])
  }

  build(kernels: KernelGraph['kernels'], donations?: readonly number[]): KernelGraph {
    return {
      buffers: this.buffers,
      inputs: this.inputs,
      outputs: this.outputs,
      kernels,
      arena: this.arena,
      donations: donations ?? this.inputs.map(() => -1),
    }
  }
}

/** `out = a + b` on n elements. */
export function addGraph(n: number): KernelGraph {
  const g = new GraphBuilder().input('a', n).input('b', n).output('out', n)
  return g.build([g.map('out', ['add', 'a', 'b'])])
}
