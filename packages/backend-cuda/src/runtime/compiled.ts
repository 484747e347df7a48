/** A graph made ready to be run: commands, program text, plans of libraries, constants on the device. */
import { type BufferId, hostArray, type KernelGraph, type TypedArray } from '@cotangent/core/kernel'
import type { Command, ConvolutionShape, EmitKernel, LibraryCall, Product, Target } from '../command.ts'
import { type Emitted, emitGraph } from './emitted.ts'
import type { Plans } from './plans.ts'
import type { Plan } from './libraryPlans.ts'
import { type Program, writeProgram } from './program.ts'
import type { Names } from './session.ts'
import type { CudaCell, Store } from './store.ts'

export interface Compiled {
  readonly emitted: Emitted
  readonly program: Program
  readonly plans: ReadonlyMap<LibraryCall, Plan>
  readonly constants: ReadonlyMap<BufferId, CudaCell>
  /** Of its kernels, for messages. */
  readonly names: Names
}

interface Services {
  readonly target: Target
  readonly emit: EmitKernel
  /** Looks at what each kernel has written. */
  readonly debug: boolean
  readonly store: Store
  readonly plans: Plans
}

/** What it has taken it gives back where it fails. */
export function compileGraph(graph: KernelGraph, { target, emit, debug, store, plans: all }: Services): Compiled {
  const plans = new Map<LibraryCall, Plan>()
  const workspaceOf = (call: LibraryCall): number => {
    const plan = all.take(call)
    plans.set(call, plan)
    return plan.workspace
  }
  try {
    const libraries = {
      workspaceOf,
      multiplies: (product: Product) => all.multiplies(product),
      convolves: (shape: ConvolutionShape) => all.convolves(shape),
    }
    const emitted = emitGraph(graph, target, emit, libraries, !debug),
      commands = [...emitted.commands.values()].flat()
    return {
      emitted,
      program: writeProgram(commands, emitted.specs),
      plans,
      constants: uploadConstants(graph, store),
      names: [...new Set(commands.map(nameOf))],
    }
  } catch (error) {
    for (const call of plans.keys()) all.give(call)
    throw error
  }
}

export const nameOf = (command: Command): string => (command.kind === 'launch' ? command.name : command.kind)

/** Pinned for good, since command buffers hold their addresses. */
function uploadConstants(graph: KernelGraph, store: Store): ReadonlyMap<BufferId, CudaCell> {
  const constants = new Map<BufferId, CudaCell>()
  try {
    graph.buffers.forEach(({ dtype, size, place }, id) => {
      if (place.kind !== 'constant') return
      const cell = store.upload(bytesAs(place.data, hostArray(dtype, size)), dtype)
      cell.references = 1
      cell.pins = 1
      constants.set(id, cell)
    })
    return constants
  } catch (error) {
    for (const cell of constants.values()) store.release(cell)
    throw error
  }
}

/** The data may be any view, aligned or not. */
function bytesAs(view: ArrayBufferView, data: TypedArray): TypedArray {
  new Uint8Array(data.buffer).set(new Uint8Array(view.buffer, view.byteOffset, data.byteLength))
  return data
}
