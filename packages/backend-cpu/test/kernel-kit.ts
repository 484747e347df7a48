/** Runs one kernel in a memory of its own on one thread, and the same kernel on the reference interpreter. */
import { type BufferSpec, bytesOf, type DType, hostArray, type Kernel, type TypedArray } from '@cotangent/core/kernel'
import type { Memory } from '../../core/src/backend/reference/memory.ts'
import { compileKernels } from '../../core/src/backend/reference/kernels.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import type { EmitContext, Phase } from '../src/kernels/kernel.ts'
import { hostImports } from '../src/math/host.ts'
import type { LeafKernel } from '../src/runtime/schedule.ts'
import type { Engine } from '../src/tuning.ts'
import { I32, WasmFunction, WasmModule } from '../src/wasm/assembler.ts'

export interface RunOptions {
  readonly fma?: boolean
  /** Where to cut the tasks of each phase: every one on its own, or all at once. */
  readonly split?: boolean
}

type PhaseRun = (frame: number, scratch: number, begin: number, end: number) => void

export interface CompiledKernel {
  readonly memory: WebAssembly.Memory
  readonly addresses: readonly number[]
  readonly phases: readonly { readonly tasks: number; readonly cost: number; run(begin: number, end: number): void }[]
  readonly bytes: number
}

const up64 = (n: number): number => Math.ceil(n / 64) * 64
const FRAME = 64

/** A module that exports each phase of a kernel as `phase0`, `phase1`, ..., and the memory that the kernel asks for. */
export function emitPhases(kernel: LeafKernel, buffers: readonly BufferSpec[], engine: Engine): EmittedPhases {
  const module = new WasmModule()
  const shared: number[] = []
  let scratchBytes = 0
  const context: EmitContext = {
    module,
    buffers,
    ...engine,
    needScratch: bytes => {
      scratchBytes = Math.max(scratchBytes, bytes)
    },
    needShared: bytes => buffers.length + shared.push(bytes) - 1,
  }
  const phases = emitKernel(context, kernel)
  phases.forEach((phase, i) => {
    const f = new WasmFunction(`phase${i}`, [I32, I32, I32, I32])
    module.add(f.get(0).get(1).get(2).get(3).call(phase.run), { exported: true })
  })
  return { module, phases, shared, scratchBytes }
}
interface EmittedPhases {
  readonly module: WasmModule
  readonly phases: readonly Phase[]
  /** Bytes of each shared scratch buffer. */
  readonly shared: readonly number[]
  readonly scratchBytes: number
}

/** Buffers lie back to back with 64 bytes between, so that an access outside one is seen in the next. */
export function compileKernel(kernel: LeafKernel, buffers: readonly BufferSpec[], fma = true): CompiledKernel {
  const { module, phases, shared, scratchBytes } = emitPhases(kernel, buffers, { fma })
  let at = up64(FRAME + 4 * (buffers.length + shared.length)) + 64
  const place = (bytes: number): number => {
    const start = at
    at += up64(bytes) + 64
    return start
  }
  const addresses = [...buffers.map(b => b.size * bytesOf(b.dtype)), ...shared].map(place)
  const scratch = place(scratchBytes)
  const pages = Math.ceil((at + 64) / 65536)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  new Int32Array(memory.buffer).set(addresses, FRAME / 4)
  const code = module.encode({ shared: false, maximumPages: pages })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory }, ...hostImports(module.hostImports) })
  const runs = phases.map(({ tasks, cost }, i) => {
    const run = exports[`phase${i}`] as PhaseRun
    return { tasks, cost, run: (begin: number, end: number) => run(FRAME, scratch, begin, end) }
  })
  return { memory, addresses: addresses.slice(0, buffers.length), phases: runs, bytes: code.length }
}

/** A view of a buffer in the memory; bool is int32 there. */
export function view(memory: WebAssembly.Memory, dtype: DType, at: number, size: number): TypedArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(memory.buffer, at, size)
    case 'float64':
      return new Float64Array(memory.buffer, at, size)
    case 'uint32':
      return new Uint32Array(memory.buffer, at, size)
    default:
      return new Int32Array(memory.buffer, at, size)
  }
}

/** Runs a kernel on copies of the data; gives all buffers afterwards. Fails when a byte between the buffers has changed. */
export function runKernel(
  kernel: LeafKernel,
  buffers: readonly BufferSpec[],
  data: readonly TypedArray[],
  options: RunOptions = {},
): TypedArray[] {
  const compiled = compileKernel(kernel, buffers, options.fma ?? true)
  const { memory, addresses } = compiled
  const gaps = buffers.map((b, i) => {
    const start = (addresses[i] as number) + up64(b.size * bytesOf(b.dtype))
    return new Uint8Array(memory.buffer, start, 64).fill(0xa5)
  })
  buffers.forEach((b, i) => view(memory, b.dtype, addresses[i] as number, b.size).set(data[i] as TypedArray))
  for (const phase of compiled.phases) {
    if (options.split !== true) phase.run(0, phase.tasks)
    else for (let t = phase.tasks - 1; t >= 0; t--) phase.run(t, t + 1)
  }
  if (gaps.some(g => g.some(b => b !== 0xa5))) throw new Error('a store left its buffer')
  return buffers.map((b, i) => {
    const out = hostArray(b.dtype, b.size)
    out.set(view(memory, b.dtype, addresses[i] as number, b.size))
    return out
  })
}

/** The reference interpreter on copies of the data. */
export function interpret(kernel: Kernel, data: readonly TypedArray[]): TypedArray[] {
  const copies = data.map(d => d.slice())
  compileKernels([kernel], 64)(copies as Memory)
  return copies
}
