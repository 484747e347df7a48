/**
 * The reference backend: interprets the kernel IR in plain JavaScript. It is the executable specification of lower/kernel.ts: everything
 * is evaluated in float64 and rounded to the node's dtype, every access is checked, and unwritten temporaries read as NaN.
 */
import { bitsOf, type DType, dtypes, type TypedArray } from '../dtype.ts'
import { fail, invariant } from '../errors.ts'
import type { KernelGraph } from '../lower/kernel.ts'
import type { Backend, Buffer, Executable, KernelEnded, MemoryStatistics } from './backend.ts'
import type { BackendLoader } from './load.ts'
import { fromStored, type StoredArray, toStored } from '../stored.ts'
import { compileKernels } from './reference/kernels.ts'
import { type Cells, cellsIn } from './reference/memory.ts'

class HostBuffer implements Buffer {
  readonly dtype: DType
  readonly size: number
  /** Undefined once freed. */
  data: Cells | undefined

  constructor(dtype: DType, data: Cells) {
    this.dtype = dtype
    this.size = data.length
    this.data = data
  }
}

/** Counts the bytes of buffers until they are freed or collected. */
class Ledger {
  #live = 0
  #peak = 0
  #buffers = 0
  readonly #collected = new FinalizationRegistry<number>(bytes => this.#remove(bytes))

  add(dtype: DType, data: Cells): HostBuffer {
    const buffer = new HostBuffer(dtype, data)
    this.#live += data.byteLength
    this.#peak = Math.max(this.#peak, this.#live)
    this.#buffers++
    this.#collected.register(buffer, data.byteLength, buffer)
    return buffer
  }

  free(buffer: HostBuffer): void {
    if (buffer.data === undefined) return
    this.#collected.unregister(buffer)
    this.#remove(buffer.data.byteLength)
    buffer.data = undefined
  }

  statistics(): MemoryStatistics {
    return { live: this.#live, peak: this.#peak, buffers: this.#buffers }
  }

  #remove(bytes: number): void {
    this.#live -= bytes
    this.#buffers--
  }
}

/** The array of a live buffer of this backend. */
function dataOf(buffer: Buffer): Cells {
  if (!(buffer instanceof HostBuffer))
    return fail('BackendError', 'reference: this buffer belongs to another backend. Move it with t.to(backend).')
  return buffer.data ?? fail('DisposedError', 'reference: this buffer was freed.')
}

export interface ReferenceOptions {
  /**
   * Points that are evaluated at a time, 256 by default. With 1 each point of a Loop sees what the points before it stored, which
   * shows memory plans that reuse a buffer in place where they must not.
   */
  readonly lanes?: number
}

export function createReference({ lanes = 256 }: ReferenceOptions = {}): Backend {
  const ledger = new Ledger()
  return {
    name: 'reference',
    capabilities: {
      dtypes,
      kernels: ['loop', 'contraction', 'scatter', 'sort', 'cumulative', 'while', 'scan', 'branch'],
      contractions: dtypes.filter(d => d !== 'bool'),
    },
    upload(data, dtype) {
      const copy = newCells(dtype, data.length)
      copy.set(toStored(data, dtype))
      return ledger.add(dtype, copy)
    },
    read: async buffer => readOf(buffer),
    readSync: readOf,
    free(buffer) {
      if (buffer instanceof HostBuffer) ledger.free(buffer)
    },
    compile: graph => compile(graph, ledger, compileKernels(graph.kernels, lanes)),
    compileTimed: (graph, ended) => compile(graph, ledger, timed(graph, lanes, ended)),
    memory: () => ledger.statistics(),
    dispose: async () => {},
  }
}

/** What `init({ backend: [...] })` takes from those who bundle. */
export const reference: BackendLoader = { name: 'reference', load: async () => createReference() }

/** Zeros. */
function newCells(dtype: DType, size: number): Cells {
  try {
    return cellsIn(dtype, new ArrayBuffer((size * bitsOf(dtype)) / 8), 0, size)
  } catch (cause) {
    return fail('BackendError', `out of memory: ${size} elements of ${dtype} do not fit. Use smaller shapes.`, cause)
  }
}

/** A copy for the host. */
const readOf = (buffer: Buffer): TypedArray => fromStored(dataOf(buffer).slice() as StoredArray, buffer.dtype)

type RunKernels = ReturnType<typeof compileKernels>

function timed({ kernels }: KernelGraph, lanes: number, ended: KernelEnded): RunKernels {
  const each = kernels.map(kernel => compileKernels([kernel], lanes))
  return memory => {
    ended(-1)
    each.forEach((run, i) => {
      run(memory)
      ended(i)
    })
  }
}

function compile(graph: KernelGraph, ledger: Ledger, run: RunKernels): Executable {
  const constants = graph.buffers.map(({ dtype, size, place }) =>
    place.kind === 'constant' ? constantArray(dtype, size, place.data) : undefined,
  )
  return {
    run(inputs, donated = []) {
      checkInputs(graph, inputs)
      const taken = takenOver(graph, inputs, donated)
      const memory = layOut(graph, inputs.map(dataOf), constants, taken)
      run(memory)
      inputs.forEach((buffer, i) => {
        if (donated[i] === true) ledger.free(buffer as HostBuffer)
      })
      return graph.outputs.map(id => {
        const { dtype, place } = graph.buffers[id] as KernelGraph['buffers'][number],
          data = memory[id] as Cells
        return ledger.add(dtype, place.kind === 'output' ? data : data.slice())
      })
    },
    dispose: () => {},
  }
}

function checkInputs(graph: KernelGraph, inputs: readonly Buffer[]): void {
  invariant(inputs.length === graph.inputs.length, `reference: the graph takes ${graph.inputs.length} inputs, got ${inputs.length}`)
  graph.inputs.forEach((id, i) => {
    const { dtype, size } = graph.buffers[id] as KernelGraph['buffers'][number],
      given = inputs[i] as Buffer
    invariant(
      dtype === given.dtype && size === given.size,
      `reference: input ${i} is ${dtype} of ${size} elements, got ${given.dtype} of ${given.size}`,
    )
  })
}

/** For each output the input whose memory it takes over. A buffer that is passed twice stays: its other use would see the result. */
function takenOver(graph: KernelGraph, inputs: readonly Buffer[], donated: readonly boolean[]): ReadonlyMap<number, number> {
  const taken = new Map<number, number>()
  graph.donations.forEach((output, i) => {
    const once = inputs.indexOf(inputs[i] as Buffer) === inputs.lastIndexOf(inputs[i] as Buffer)
    if (output >= 0 && donated[i] === true && once) taken.set(output, i)
  })
  return taken
}

/** The arrays of all buffers for one run. Temporaries really share the arena, so that a faulty memory plan gives wrong results here too. */
function layOut(
  graph: KernelGraph,
  inputs: readonly Cells[],
  constants: readonly (Cells | undefined)[],
  taken: ReadonlyMap<number, number>,
): Cells[] {
  const arena = new Uint8Array(graph.arena).fill(0xff)
  return graph.buffers.map(({ dtype, size, place }, id) => {
    switch (place.kind) {
      case 'input':
        return inputs[place.index] as Cells
      case 'constant':
        return constants[id] as Cells
      case 'output': {
        const donor = taken.get(place.index)
        return donor === undefined ? newCells(dtype, size) : (inputs[donor] as Cells)
      }
      case 'temporary':
        return cellsIn(dtype, arena.buffer, place.offset, size)
    }
  })
}

/** A copy of the bytes of a constant, since `data` may be any view, aligned or not. */
function constantArray(dtype: DType, size: number, data: ArrayBufferView): Cells {
  const copy = newCells(dtype, size)
  invariant(data.byteLength >= copy.byteLength, `reference: a constant of ${size} ${dtype} has ${data.byteLength} bytes`)
  new Uint8Array(copy.buffer).set(new Uint8Array(data.buffer, data.byteOffset, copy.byteLength))
  return copy
}
