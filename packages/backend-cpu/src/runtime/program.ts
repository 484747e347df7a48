/** From a KernelGraph to a WebAssembly module and what has to be known to run it. */
import type { BufferId, KernelGraph } from '@cotangent/core/kernel'
import { type EmitContext, type Phase } from '../kernels/kernel.ts'
import { WasmModule } from '../wasm/assembler.ts'
import { aliasing } from './aliasing.ts'
import { aligned } from './allocator.ts'
import { countUses, emitIndependent } from './independent.ts'
import { emitMain } from './main.ts'
import { type Emitter, type LeafKernel, schedule, scheduleWithMarks } from './schedule.ts'

export type EmitKernel = (context: EmitContext, kernel: LeafKernel) => readonly Phase[]

export interface CompileOptions {
  readonly emit: EmitKernel
  readonly fma: boolean
  readonly wide: boolean
  /** Will there ever be more than one thread? */
  readonly share: boolean
  readonly memory: { readonly shared: boolean; readonly maximumPages: number }
  /** The module tells when each kernel has ended. */
  readonly marks?: boolean
}

export interface Program {
  readonly module: WebAssembly.Module
  /** Entries of the frame: the graph's buffers, then `sharedOffsets.length` pieces of shared scratch. */
  readonly sharedOffsets: readonly number[]
  readonly sharedBytes: number
  /** Of each thread. */
  readonly scratchBytes: number
  /** As Schedule.sharedCost. */
  readonly sharedCost: number
}

export function compileProgram(graph: KernelGraph, options: CompileOptions): Program {
  const module = new WasmModule()
  const { buffers } = graph
  const sharedOffsets: number[] = []
  let scratchBytes = 0,
    sharedBytes = 0,
    used = 0
  const context: EmitContext = {
    module,
    buffers,
    fma: options.fma,
    wide: options.wide,
    needScratch: bytes => void (scratchBytes = Math.max(scratchBytes, aligned(bytes))),
    needShared(bytes) {
      sharedOffsets.push(used)
      used += aligned(bytes)
      sharedBytes = Math.max(sharedBytes, used)
      return graph.buffers.length + sharedOffsets.length - 1
    },
  }
  const uses = countUses(graph.kernels)
  const emitterFor = (inner: EmitContext): Emitter => ({
    kernel(kernel) {
      used = 0 // kernels do not overlap in time, so their shared scratch may overlap in space
      return options.emit(inner, kernel)
    },
    independent(scan, body) {
      const inside = countUses([scan])
      const isPrivate = (b: BufferId): boolean => buffers[b]?.place.kind === 'temporary' && inside.get(b) === uses.get(b)
      return emitIndependent(inner, scan, isPrivate, own => body(emitterFor(own)))
    },
  })
  const { steps, sharedCost } = (options.marks === true ? scheduleWithMarks : schedule)(graph.kernels, emitterFor(context), options.share)
  emitMain(module, steps, aliasing(graph))
  return { module: new WebAssembly.Module(module.encode(options.memory)), sharedOffsets, sharedBytes, scratchBytes, sharedCost }
}
