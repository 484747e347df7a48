/** The memory of one run: the slots' values, and who owns what the run reads and writes. */
import { type Buffer, type DType, invariant, type KernelGraph } from '@cotangent/core/kernel'
import { bytesOnDevice } from '../language/types.ts'
import type { Block } from './allocator.ts'
import type { Layout } from './layout.ts'
import type { DeviceMemory } from './memory.ts'
import type { CudaBuffer, CudaCell, Store } from './store.ts'

interface Output {
  readonly dtype: DType
  readonly size: number
  /** The input whose memory it may take over, or -1. */
  readonly donor: number
}

type Result = { readonly output: number } | { readonly input: number } | { readonly constant: CudaCell }

/** What all runs of an executable have in common. */
export interface Frame {
  readonly layout: Layout
  readonly store: Store
  readonly memory: DeviceMemory
  readonly outputs: readonly Output[]
  readonly results: readonly Result[]
}

export function frameOf(
  graph: KernelGraph,
  layout: Layout,
  constants: ReadonlyMap<number, CudaCell>,
  { store, memory }: Pick<Frame, 'store' | 'memory'>,
): Frame {
  const outputs: Output[] = []
  for (const { dtype, size, place } of graph.buffers)
    if (place.kind === 'output') outputs[place.index] = { dtype, size, donor: graph.donations.indexOf(place.index) }
  const results = graph.outputs.map((id): Result => {
    const place = graph.buffers[id]?.place
    if (place?.kind === 'constant') return { constant: constants.get(id) as CudaCell }
    invariant(place?.kind === 'output' || place?.kind === 'input', `cuda: buffer ${id} is both a temporary and a result`)
    return place.kind === 'output' ? { output: place.index } : { input: place.index }
  })
  return { layout, store, memory, outputs, results }
}

export class Binding {
  /** By slot. */
  readonly values: Float64Array
  private readonly frame: Frame
  private readonly cells: CudaCell[] = []
  private readonly blocks: (Block | undefined)[] = []
  private inputs: readonly Buffer[] = []
  /** Undefined when there is nothing to give up any more. */
  private donated: readonly boolean[] | undefined

  constructor(frame: Frame) {
    this.frame = frame
    this.values = new Float64Array(frame.layout.slots)
  }

  /** Keeps the inputs until `release`, whatever becomes of their handles. */
  hold(inputs: readonly Buffer[]): void {
    const { layout, store } = this.frame,
      { cells } = this
    invariant(inputs.length === layout.inputs, `cuda: a graph of ${layout.inputs} inputs was run with ${inputs.length}`)
    this.inputs = inputs
    for (let i = 0; i < inputs.length; i++) {
      const cell = store.cellOf(inputs[i] as Buffer)
      cell.pins++
      cell.references++
      cells.push(cell)
    }
  }

  /** Finds the inputs' memory, all of them being held, and makes the outputs'. Until `commit`, nothing has happened to the inputs. */
  locate(donated: readonly boolean[] | undefined): void {
    const { layout, store, memory, outputs } = this.frame,
      { cells, blocks, values } = this
    this.donated = donated
    for (let i = 0; i < cells.length; i++) values[i] = store.locate(cells[i] as CudaCell)?.address ?? 0
    for (let j = 0; j < outputs.length; j++) {
      const { dtype, size, donor } = outputs[j] as Output
      if (donor >= 0 && donated?.[donor] === true && this.isAlone(donor)) {
        blocks.push(undefined)
        values[layout.inputs + j] = values[donor] as number
        continue
      }
      const block = size === 0 ? undefined : memory.take(size * bytesOnDevice(dtype))
      blocks.push(block)
      values[layout.inputs + j] = block?.address ?? 0
    }
  }

  /** The donated inputs are given up: their memory becomes the outputs' that take it over, or is freed when the run ends. Once a run. */
  commit(): void {
    const { store, outputs } = this.frame,
      { cells, blocks, inputs, donated } = this
    if (donated === undefined) return
    this.donated = undefined
    for (let j = 0; j < outputs.length; j++) {
      const { donor, size } = outputs[j] as Output
      if (blocks[j] === undefined && size > 0) blocks[j] = store.detach(cells[donor] as CudaCell)
    }
    for (let i = 0; i < inputs.length; i++) if (donated[i] === true) store.free(inputs[i] as CudaBuffer)
  }

  /** Makes the results' handles. */
  hand(): readonly Buffer[] {
    const { store, outputs, results } = this.frame,
      { cells, blocks } = this
    const handles = results.map(result => {
      if ('input' in result) return store.handle(cells[result.input] as CudaCell)
      if ('constant' in result) return store.handle(result.constant)
      const { dtype, size } = outputs[result.output] as Output
      return store.handle(store.cell(dtype, size, blocks[result.output]))
    })
    blocks.length = 0
    return handles
  }

  /** After a run, whatever became of it: lets go of the inputs, and of outputs that were not handed out. */
  release(): void {
    const { store, memory } = this.frame,
      { cells, blocks } = this
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i] as CudaCell
      cell.pins--
      store.release(cell)
    }
    cells.length = 0
    this.inputs = []
    this.donated = undefined
    for (const block of blocks) if (block !== undefined) memory.give(block)
    blocks.length = 0
  }

  /** Does nobody but its handle and this run use an input, which was passed once? */
  private isAlone(input: number): boolean {
    const { references, pins } = this.cells[input] as CudaCell
    return references === 2 && pins === 1
  }
}
