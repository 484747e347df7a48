/** The memory of one run: a frame with the address of every buffer, and who owns what the run reads and writes. */
import { invariant, type Buffer, type DType } from '@cotangent/core/kernel'
import { blockSize } from './allocator.ts'
import type { Block, CpuBuffer } from './buffer.ts'
import type { Heap } from './heap.ts'

export interface Output {
  readonly id: number
  readonly bytes: number
  /** The input whose memory it may take over, or -1. */
  readonly donor: number
}

export interface Result {
  readonly dtype: DType
  readonly size: number
  readonly from: 'input' | 'output' | 'constant'
  /** Which of them. */
  readonly index: number
}

/** What all runs of an executable have in common. */
export interface Layout {
  /** Buffer ids. */
  readonly inputs: readonly number[]
  readonly outputs: readonly Output[]
  readonly results: readonly Result[]
  readonly temporaries: readonly (readonly [id: number, offset: number])[]
  /** By buffer id. */
  readonly constants: ReadonlyMap<number, Block>
}

export class Binding {
  readonly frame: number
  private readonly layout: Layout
  private readonly heap: Heap
  private readonly constants: readonly Block[]
  /** Where the frame's temporaries point to. */
  private boundTo = -1
  private readonly inputBlocks: Block[] = []
  private readonly outputBlocks: Block[] = []

  constructor(layout: Layout, heap: Heap, frame: number) {
    this.layout = layout
    this.heap = heap
    this.frame = frame
    this.constants = [...layout.constants.values()]
    for (const [id, block] of layout.constants) heap.memory.words[(frame >>> 2) + id] = block.address
  }

  /** Finds the inputs' blocks and makes the outputs'. */
  locate(inputs: readonly CpuBuffer[], donated: readonly boolean[] | undefined): void {
    const { outputs, inputs: ids } = this.layout
    invariant(inputs.length === ids.length, `cpu: a graph of ${ids.length} inputs was run with ${inputs.length}`)
    const repeated = this.locateInputs(inputs)
    for (const output of outputs) this.outputBlocks.push(this.donorOf(output, donated, repeated) ?? this.heap.block(output.bytes))
  }

  /** Puts every buffer's address into the frame; temporaries lie from `base` on. Returns false if they lay there before. */
  write(base: number): boolean {
    const { inputs, outputs, temporaries } = this.layout
    const words = this.heap.memory.words,
      frame = this.frame >>> 2
    for (let i = 0; i < inputs.length; i++) words[frame + (inputs[i] as number)] = (this.inputBlocks[i] as Block).address
    for (let i = 0; i < outputs.length; i++) words[frame + (outputs[i] as Output).id] = (this.outputBlocks[i] as Block).address
    if (base === this.boundTo) return false
    for (const [id, offset] of temporaries) words[frame + id] = base + offset
    this.boundTo = base
    return true
  }

  /** Ends the handles of donated inputs whose blocks have become outputs. */
  takeOver(inputs: readonly CpuBuffer[]): void {
    const { outputs } = this.layout
    for (let i = 0; i < outputs.length; i++) {
      const donor = (outputs[i] as Output).donor
      if (donor >= 0 && this.outputBlocks[i] === this.inputBlocks[donor]) this.heap.take(inputs[donor] as CpuBuffer)
    }
  }

  /** Makes the results' handles and ends the donated ones. */
  hand(inputs: readonly CpuBuffer[], donated: readonly boolean[] | undefined): readonly Buffer[] {
    const { heap } = this
    const handles = this.layout.results.map(r => heap.adopt(this.blockOf(r), r.dtype, r.size))
    if (donated !== undefined) for (let i = 0; i < inputs.length; i++) if (donated[i] === true) heap.free(inputs[i] as CpuBuffer)
    return handles
  }

  /** After a failure: nothing owns the new outputs. */
  abandon(): void {
    for (const block of this.outputBlocks) if (block.references === 0) this.heap.drop(block)
  }

  /** Forgets the blocks. */
  clear(): void {
    this.inputBlocks.length = this.outputBlocks.length = 0
  }

  /** Keeps the inputs' memory where it is, whatever becomes of their handles, until the returned function is called. After `takeOver`. */
  retain(): () => void {
    const blocks = this.inputBlocks.filter(b => b.references > 0)
    for (const block of blocks) block.references++
    return () => {
      for (const block of blocks) if (--block.references === 0) this.heap.drop(block)
    }
  }

  /** Collects the inputs' blocks; returns those that stand for several inputs, which nothing may take over. */
  private locateInputs(inputs: readonly CpuBuffer[]): Set<Block> | undefined {
    const { heap } = this
    let repeated: Set<Block> | undefined
    for (let i = 0; i < inputs.length; i++) {
      const block = heap.resident(inputs[i] as CpuBuffer)
      if (block.stamp === heap.run) (repeated ??= new Set()).add(block)
      block.stamp = heap.run
      this.inputBlocks.push(block)
    }
    return repeated
  }

  /** The donated block that an output takes over, if it is whole, alone, and large enough. */
  private donorOf(output: Output, donated: readonly boolean[] | undefined, repeated: Set<Block> | undefined): Block | undefined {
    if (output.donor < 0 || donated?.[output.donor] !== true) return undefined
    const block = this.inputBlocks[output.donor] as Block
    return block.references === 1 && repeated?.has(block) !== true && block.size >= blockSize(output.bytes) ? block : undefined
  }

  private blockOf(result: Result): Block {
    const blocks = result.from === 'output' ? this.outputBlocks : result.from === 'input' ? this.inputBlocks : this.constants
    return blocks[result.index] as Block
  }
}
