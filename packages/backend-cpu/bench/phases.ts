/** Time of each phase of a compiled graph on one thread: the graph's own module, with a clock around every phase. */
import { bytesOf, type KernelGraph } from '@cotangent/core/kernel'
import { emitKernel } from '../src/kernels/emit.ts'
import { phaseParams } from '../src/kernels/kernel.ts'
import { hostImports } from '../src/math/host.ts'
import { aligned } from '../src/runtime/allocator.ts'
import { pairsVectors } from '../src/runtime/features.ts'
import { Memory, PAGE } from '../src/runtime/memory.ts'
import { compileProgram } from '../src/runtime/program.ts'
import type { LeafKernel } from '../src/runtime/schedule.ts'
import { store } from '../src/runtime/transfer.ts'
import { I32, WasmFunction, type WasmModule } from '../src/wasm/assembler.ts'

export interface PhaseTime {
  readonly kernel: LeafKernel
  /** The last phase of a kernel does its work; those before it copy operands into the order in which it reads them, or combine parts. */
  readonly last: boolean
  /** Of one run of the graph. */
  readonly calls: number
  /** Of one run of the graph: that of the fastest of many. */
  readonly milliseconds: number
}

/** Runs the graph `runs` times on inputs of ones (integers: zeros, which are valid indices). */
export function timePhases(graph: KernelGraph, runs: number): readonly PhaseTime[] {
  const phases: { kernel: LeafKernel; last: boolean }[] = []
  const program = compileProgram(graph, {
    emit: (context, kernel) => {
      const list = emitKernel(context, kernel)
      return list.map((phase, i) => {
        phases.push({ kernel, last: i === list.length - 1 })
        return { ...phase, run: clocked(context.module, phase.run, phases.length - 1) }
      })
    },
    fma: true,
    wide: pairsVectors(undefined),
    share: false,
    memory: { shared: false, maximumPages: 65536 },
  })
  const clock = new Clock(phases.length)
  const memory = new Memory({ shared: false, maximumPages: 65536 })
  const { frame, scratch } = place(graph, program, memory)
  const modules = WebAssembly.Module.imports(program.module).filter(i => i.kind === 'function' && i.module === 'math')
  const instance = new WebAssembly.Instance(program.module, {
    env: { memory: memory.wasm },
    ...hostImports(modules.map(i => ({ module: i.module, field: i.name, params: [], results: [] }))),
    clock: { start: () => clock.start(), stop: (phase: number) => clock.stop(phase) },
  })
  const main = instance.exports['main'] as (frame: number, scratch: number, thread: number, threads: number) => void
  for (let i = 0; i < runs; i++) {
    main(frame, scratch, 0, 1)
    clock.endRun()
  }
  return phases.map((p, i) => ({ ...p, calls: (clock.calls[i] as number) / runs, milliseconds: clock.best[i] as number }))
}

class Clock {
  readonly calls: number[]
  readonly best: number[]
  private readonly sums: number[]
  private begin = 0

  constructor(phases: number) {
    this.calls = new Array<number>(phases).fill(0)
    this.best = new Array<number>(phases).fill(Infinity)
    this.sums = new Array<number>(phases).fill(0)
  }
  start(): void {
    this.begin = performance.now()
  }
  stop(phase: number): void {
    ;(this.sums[phase] as number) += performance.now() - this.begin
    ;(this.calls[phase] as number)++
  }
  endRun(): void {
    this.sums.forEach((sum, i) => (this.best[i] = Math.min(this.best[i] as number, sum)))
    this.sums.fill(0)
  }
}

/** A function that does what `run` does between two looks at the clock. */
function clocked(module: WasmModule, run: WasmFunction, phase: number): WasmFunction {
  const f = new WasmFunction(`clocked${phase}`, [...phaseParams])
  f.call(module.import('clock', 'start', [], []))
  phaseParams.forEach((_, i) => f.get(i))
  f.call(run)
    .i32(phase)
    .call(module.import('clock', 'stop', [I32], []))
  return module.add(f)
}

/** Gives every buffer memory of its own in order, fills it, and writes the table of addresses. */
function place(
  graph: KernelGraph,
  program: ReturnType<typeof compileProgram>,
  memory: Memory,
): { readonly frame: number; readonly scratch: number } {
  let end = PAGE
  const take = (bytes: number): number => {
    const at = end
    end += aligned(bytes) + 64
    return at
  }
  const frame = take(4 * (graph.buffers.length + program.sharedOffsets.length))
  const arena = take(graph.arena)
  const addresses = graph.buffers.map(b => (b.place.kind === 'temporary' ? arena + b.place.offset : take(b.size * bytesOf(b.dtype))))
  const shared = take(program.sharedBytes)
  const scratch = take(program.scratchBytes)
  if (end > memory.size && !memory.grow(end - memory.size)) throw new Error('phases: not enough memory')
  ;[...addresses, ...program.sharedOffsets.map(offset => shared + offset)].forEach((a, i) => (memory.words[frame / 4 + i] = a))
  graph.buffers.forEach(({ dtype, size, place: p }, id) => {
    const at = addresses[id] as number
    if (p.kind === 'constant') store(memory, at, p.data, dtype, size)
    else if (p.kind === 'input' && dtype === 'float32') new Float32Array(memory.bytes.buffer, at, size).fill(1)
  })
  return { frame, scratch }
}
