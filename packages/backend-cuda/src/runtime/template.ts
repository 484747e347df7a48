/** Items as a command buffer whose words follow the slots of a layout. The format is described in addon.ts. */
import type { BufferId, BufferSpec } from '@cotangent/core/kernel'
import type { Argument, Clear, Command, Convolution, Copy, Dense, Launch, LibraryCall, MemoryId, Product } from '../command.ts'
import { bytesOnDevice } from '../language/types.ts'
import { Operation } from './addon.ts'
import type { Layout } from './layout.ts'
import { argumentsOf } from './program.ts'
import { countOf, type Item } from './schedule.ts'
import { type Patches, Words } from './words.ts'

/** What commands name that the addon knows by handle. */
export interface Linked {
  readonly specs: readonly BufferSpec[]
  functionOf(launch: Launch): number
  planOf(call: LibraryCall): number
  /** Offset of the call's workspace in the arena, or -1. */
  workspaceOf(call: LibraryCall): number
}

export class Template {
  readonly buffer: ArrayBuffer
  readonly words: number
  /** How many commands it executes, those in loops as often as they run. */
  readonly count: number
  private readonly halves: Uint32Array
  private readonly patches: readonly Patches[]
  /** The slots' values that the words have. */
  private readonly bound: Float64Array

  constructor(words: Words, count: number, slots: number) {
    const { buffer, patches } = words.finish()
    this.buffer = buffer
    this.words = words.length
    this.count = count
    this.halves = new Uint32Array(buffer)
    this.patches = patches
    this.bound = new Float64Array(slots).fill(-1)
  }

  /** Brings the words up to date. */
  bind(values: Float64Array): void {
    const { patches, bound } = this
    for (let i = 0; i < patches.length; i++) {
      const patch = patches[i] as Patches,
        value = values[patch.slot] as number
      if (value === bound[patch.slot]) continue
      bound[patch.slot] = value
      this.write(patch, value)
    }
  }

  private write({ words, offsets }: Patches, value: number): void {
    const { halves } = this
    for (let i = 0; i < words.length; i++) {
      const at = 2 * (words[i] as number),
        address = value + (offsets[i] as number)
      halves[at] = address >>> 0
      halves[at + 1] = (address / 2 ** 32) >>> 0
    }
  }
}

export function writeTemplate(items: readonly Item[], layout: Layout, linked: Linked): Template {
  const writer = new Writer(layout, linked)
  for (const item of items) writer.item(item)
  return new Template(writer.words, countOf(items), layout.slots)
}

class Writer {
  readonly words: Words = new Words()
  private readonly layout: Layout
  private readonly linked: Linked
  /** Counters of the loops around, the outermost first. */
  private readonly loops: BufferId[] = []

  constructor(layout: Layout, linked: Linked) {
    this.layout = layout
    this.linked = linked
  }

  item(item: Item): void {
    const start = this.words.length
    this.words.pair(0, 0)
    this.words.head(start, item.kind === 'loop' ? this.loop(item) : this.command(item.command))
  }

  private loop({ scan, body }: Item & { kind: 'loop' }): number {
    const { words, layout } = this
    words.pair(scan.length, scan.reverse ? 1 : 0)
    if (layout.isStored(scan.counter)) words.place(layout.placeOf(scan.counter))
    else words.integer(0)
    this.loops.push(scan.counter)
    for (const item of body) this.item(item)
    this.loops.pop()
    return Operation.loop
  }

  private command(command: Command): number {
    switch (command.kind) {
      case 'launch':
        return this.launch(command)
      case 'product':
        return this.product(command)
      case 'convolution':
        return this.convolution(command)
      case 'clear':
        return this.clear(command)
      case 'copy':
        return this.copy(command)
    }
  }

  private launch(launch: Launch): number {
    const { words, layout } = this,
      list = argumentsOf(launch)
    const [x, y, z] = launch.blocks,
      [i, j, k] = launch.threads
    words.integer(this.linked.functionOf(launch))
    words.pair(x, y)
    words.pair(z, i)
    words.pair(j, k)
    const numbered = list.map(a => ('counter' in a ? this.loops.lastIndexOf(a.counter) : -1))
    const mask = (from: number): number =>
      numbered.reduce((m, n, bit) => (n >= 0 && bit >= from && bit < from + 32 ? (m | (1 << (bit - from))) >>> 0 : m), 0)
    words.pair(mask(0), mask(32))
    list.forEach((argument, at) => {
      const loop = numbered[at] as number
      if (loop >= 0) words.integer(loop)
      else if ('counter' in argument) words.place({ slot: layout.counterOf(argument.counter), offset: 0 })
      else this.argument(argument)
    })
    return Operation.launch
  }

  private argument(argument: Exclude<Argument, { counter: BufferId }>): void {
    const { words } = this
    if ('memory' in argument) words.place(this.layout.placeOf(argument.memory))
    else if (argument.type === 'float') words.float(argument.value)
    else if (argument.type === 'double') words.double(argument.value)
    else words.integer(argument.value)
  }

  private product(product: Product): number {
    const { a, b, result, epilogue } = product
    // In columns, as cuBLASLt thinks: the operands are swapped (products.ts).
    this.call(product, [b, a, result], epilogue.bias)
    return Operation.product
  }

  private convolution(convolution: Convolution): number {
    const { image, other, result, bias } = convolution
    this.call(convolution, [image, other, result], bias)
    return Operation.convolution
  }

  private call(call: LibraryCall, operands: readonly Dense[], bias: Dense | undefined): void {
    const { words, layout, linked } = this,
      workspace = linked.workspaceOf(call)
    words.integer(linked.planOf(call))
    for (const { memory, offset } of operands) this.element(memory, offset)
    if (bias === undefined) words.integer(0)
    else this.element(bias.memory, bias.offset)
    if (workspace < 0) words.integer(0)
    else words.place({ slot: layout.arena, offset: workspace })
  }

  private clear({ memory }: Clear): number {
    const { dtype, size } = this.specOf(memory)
    this.element(memory, 0)
    this.words.integer(0)
    this.words.integer(size * bytesOnDevice(dtype))
    return Operation.fill
  }

  private copy({ from, fromOffset, to, toOffset, count }: Copy): number {
    this.element(to, toOffset)
    this.element(from, fromOffset)
    this.words.integer(count * bytesOnDevice(this.specOf(from).dtype))
    return Operation.copy
  }

  /** The address of an element. */
  private element(memory: MemoryId, index: number): void {
    const { slot, offset } = this.layout.placeOf(memory)
    this.words.place({ slot, offset: offset + index * bytesOnDevice(this.specOf(memory).dtype) })
  }

  private specOf(memory: MemoryId): BufferSpec {
    return this.linked.specs[memory] as BufferSpec
  }
}
