/** What the kernels of a graph compile to, and where their temporaries lie. */
import { type BufferId, type BufferSpec, type Kernel, type KernelGraph, knownCounters, withNested } from '@cotangent/core/kernel'
import type { Command, ConvolutionShape, EmitContext, EmitKernel, LeafKernel, LibraryCall, MemoryId, Product, Target } from '../command.ts'
import { chainsOf, emitChain } from '../kernels/chain.ts'
import { bytesOnDevice } from '../language/types.ts'

export interface Emitted {
  readonly commands: ReadonlyMap<LeafKernel, readonly Command[]>
  /** Of buffers, then of the kernels' temporaries. */
  readonly specs: readonly BufferSpec[]
  /** Bytes from the arena's begin: of the graph's temporaries as planned, then of the kernels' own, which follow. */
  readonly offsets: ReadonlyMap<MemoryId, number>
  /** Of the workspaces of libraries' calls. */
  readonly workspaces: ReadonlyMap<LibraryCall, number>
  readonly arena: number
  /** Counters whose values are arguments of launches. */
  readonly counters: ReadonlySet<BufferId>
  /** All memories that commands name. */
  readonly named: ReadonlySet<MemoryId>
}

/** Vectors of two doubles, and what libraries like best. */
const alignment = 256
export const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment

/** What emission asks libraries. */
export interface Libraries {
  /** Bytes that a call needs beside its operands. */
  workspaceOf(call: LibraryCall): number
  multiplies(product: Product): boolean
  convolves(shape: ConvolutionShape): boolean
}

export const noLibraries: Libraries = { workspaceOf: () => 0, multiplies: () => true, convolves: () => false }

/** `chains`: may several kernels be one launch? Its commands are then those of the last. */
export function emitGraph(
  graph: KernelGraph,
  target: Target,
  emit: EmitKernel,
  libraries: Libraries = noLibraries,
  chains = true,
): Emitted {
  const specs: BufferSpec[] = [...graph.buffers],
    offsets = new Map<MemoryId, number>(),
    workspaces = new Map<LibraryCall, number>(),
    commands = new Map<LeafKernel, readonly Command[]>(),
    counters = knownCounters(graph.kernels)
  graph.buffers.forEach(({ place }, id) => {
    if (place.kind === 'temporary') offsets.set(id, place.offset)
  })
  const first = aligned(graph.arena)
  let arena = first
  for (const group of groupsOf(graph, chains)) {
    const kernel = group.at(-1) as LeafKernel
    if (commands.has(kernel)) continue
    // Each kernel's own begin at the same place: they do not outlive it.
    let end = first,
      most = first
    const reserve = (bytes: number): number => {
      const offset = end
      end = aligned(end + bytes)
      most = Math.max(most, end)
      return offset
    }
    const context: EmitContext = {
      buffers: graph.buffers,
      target,
      temporary: spec => {
        const id = specs.push(spec) - 1
        offsets.set(id, reserve(spec.size * bytesOnDevice(spec.dtype)))
        return id
      },
      attempt: way => {
        const [count, begin, before] = [specs.length, end, most],
          result = way()
        if (result === undefined) {
          for (let id = count; id < specs.length; id++) offsets.delete(id)
          specs.length = count
          end = begin
          most = before
        }
        return result
      },
      spec: id => specs[id] as BufferSpec,
      isCounter: id => counters.has(id),
      multiplies: product => libraries.multiplies(product),
      convolves: shape => libraries.convolves(shape),
    }
    const list = group.length > 1 ? emitChain(context, graph, group) : emit(context, kernel)
    for (const one of group) commands.set(one, one === kernel ? list : [])
    for (const command of list) {
      if (command.kind !== 'product' && command.kind !== 'convolution') continue
      const bytes = libraries.workspaceOf(command)
      workspaces.set(command, bytes === 0 ? -1 : reserve(bytes))
    }
    arena = Math.max(arena, most)
  }
  return { commands, specs, offsets, workspaces, arena, counters, named: namedBy([...commands.values()].flat()) }
}

/** All kernels but control flow, alone or in chains. */
function groupsOf(graph: KernelGraph, chains: boolean): readonly (readonly LeafKernel[])[] {
  const all = graph.kernels.flatMap(withNested)
  // Commands are a kernel's, wherever it stands.
  const isEachOnce = new Set(all).size === all.length
  const lists = chains && isEachOnce ? [graph.kernels, ...all.flatMap(listsOf)] : all.map(k => [k])
  return lists.flatMap(list => chainsOf(graph, list)).filter(group => group.every(isLeaf)) as readonly (readonly LeafKernel[])[]
}

const isLeaf = ({ kind }: Kernel): boolean => kind !== 'while' && kind !== 'scan' && kind !== 'branch'

/** The lists in which a kernel has others. */
function listsOf(kernel: Kernel): readonly (readonly Kernel[])[] {
  switch (kernel.kind) {
    case 'while':
      return [kernel.condition, kernel.body]
    case 'scan':
      return [kernel.body]
    case 'branch':
      return kernel.branches
    default:
      return []
  }
}

function namedBy(commands: readonly Command[]): ReadonlySet<MemoryId> {
  return new Set(
    commands.flatMap((c): readonly MemoryId[] => {
      switch (c.kind) {
        case 'launch':
          return c.arguments.flatMap(a => ('memory' in a ? [a.memory] : []))
        case 'product':
          return [c.a.memory, c.b.memory, c.result.memory, ...(c.epilogue.bias === undefined ? [] : [c.epilogue.bias.memory])]
        case 'convolution':
          return [c.image, c.other, c.result, ...(c.bias === undefined ? [] : [c.bias])].map(d => d.memory)
        case 'clear':
          return [c.memory]
        case 'copy':
          return [c.from, c.to]
      }
    }),
  )
}
