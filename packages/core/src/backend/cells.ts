/**
 * Tensors' memory on a device that JavaScript's garbage collector does not know. A handle (CellBuffer) has a cell, which several handles may
 * share; a cell holds memory of the device, or a host array when that had to make room: finalizers do not run inside a task, so a
 * synchronous loop may leave many dead handles behind, and moving the cells that were used least recently is what bounds the memory then.
 */
import { type DType, type TypedArray, hostArray } from '../dtype.ts'
import { fail } from '../errors.ts'
import type { Buffer, MemoryStatistics } from './backend.ts'

/** What the store needs of the device. `M` is a piece of its memory. */
export interface CellDevice<M extends { readonly bytes: number }> {
  /** Of the backend, for messages. */
  readonly name: string
  /** Bytes of an element in the statistics. */
  bytesOf(dtype: DType): number
  /** Memory for `size` elements (1 or more) with any content. May call `CellStore.makeRoom`. */
  take(dtype: DType, size: number): M
  give(memory: M): void
  /** New arrays of elements. Several are asked for at a time, since each wait for the device may be long. */
  read(parts: readonly Part<M>[]): readonly TypedArray[]
  write(memory: M, data: TypedArray, dtype: DType): void
}

/** The first `size` elements of a piece of memory. */
export interface Part<M> {
  readonly memory: M
  readonly dtype: DType
  readonly size: number
}

export interface Cell<M> {
  readonly dtype: DType
  readonly size: number
  /** Undefined while on the host, and of a buffer without elements. */
  memory: M | undefined
  host: TypedArray | undefined
  /** Handles and executables. */
  references: number
  /** Runs that use the memory now. */
  pins: number
  /** Of the latest handle. */
  lease: Lease<M> | undefined
}

/**
 * What the finalizer of a handle gets. While the cell is on the host its lease does not refer to it: then the host array goes with the
 * handle, and needs no finalizer.
 */
interface Lease<M> {
  cell: Cell<M> | undefined
}

export class CellBuffer<M extends { readonly bytes: number }> implements Buffer {
  readonly dtype: DType
  readonly size: number
  readonly store: CellStore<M>
  /** Undefined once freed. */
  cell: Cell<M> | undefined

  constructor(store: CellStore<M>, cell: Cell<M>) {
    this.dtype = cell.dtype
    this.size = cell.size
    this.store = store
    this.cell = cell
  }
}

export class CellStore<M extends { readonly bytes: number }> {
  private readonly device: CellDevice<M>
  /** Cells with memory, those used least recently first. */
  private readonly resident: Set<Cell<M>> = new Set()
  private readonly registry: FinalizationRegistry<Lease<M>> = new FinalizationRegistry(lease => this.collected(lease))
  private live = 0
  private peak = 0
  private handles = 0
  /** How often memory was moved to the host. */
  evictions = 0

  constructor(device: CellDevice<M>) {
    this.device = device
  }

  statistics(): MemoryStatistics {
    return { live: this.live, peak: this.peak, buffers: this.handles }
  }

  /** Cells with memory of the device. */
  cells(): Iterable<Cell<M>> {
    return this.resident
  }

  /** The cell of host data. It belongs to the caller until `handle` is called. */
  upload(data: TypedArray, dtype: DType): Cell<M> {
    if (data.length === 0) return this.cell(dtype, 0, undefined)
    return this.cell(dtype, data.length, this.filled(dtype, data))
  }

  private filled(dtype: DType, data: TypedArray): M {
    const memory = this.device.take(dtype, data.length)
    try {
      this.device.write(memory, data, dtype)
    } catch (error) {
      this.device.give(memory)
      throw error
    }
    return memory
  }

  cell(dtype: DType, size: number, memory: M | undefined): Cell<M> {
    const cell: Cell<M> = { dtype, size, memory, host: undefined, references: 0, pins: 0, lease: undefined }
    if (memory !== undefined) this.resident.add(cell)
    this.count(cell)
    return cell
  }

  /** One more handle for a cell, which is on the device: what has several handles stays there, since a lease is one handle's. */
  handle(cell: Cell<M>): CellBuffer<M> {
    cell.references++
    this.handles++
    const buffer = new CellBuffer(this, cell),
      lease: Lease<M> = { cell }
    cell.lease = lease
    this.registry.register(buffer, lease, buffer)
    return buffer
  }

  free(buffer: CellBuffer<M>): void {
    const { cell } = buffer
    if (cell === undefined) return
    // Memory of one device must not come to another's.
    if (buffer.store !== this) this.cellOf(buffer)
    buffer.cell = undefined
    this.registry.unregister(buffer)
    if (cell.host === undefined) this.handles--
    this.release(cell)
  }

  /** Takes the memory out of a cell, for another one. What refers to the cell must not use it any more. */
  detach(cell: Cell<M>): M {
    const memory = cell.memory as M
    this.live -= this.bytesOf(cell)
    this.resident.delete(cell)
    cell.memory = undefined
    return memory
  }

  release(cell: Cell<M>): void {
    if (--cell.references > 0) return
    if (cell.memory !== undefined) this.device.give(this.detach(cell))
    cell.host = undefined
  }

  cellOf(buffer: Buffer): Cell<M> {
    const { name } = this.device
    if (!(buffer instanceof CellBuffer) || buffer.store !== (this as unknown))
      return fail('BackendError', `${name}: this buffer belongs to another backend. Move it with t.to(backend).`)
    return (buffer as CellBuffer<M>).cell ?? fail('DisposedError', `${name}: this buffer was freed.`)
  }

  /** The memory of a cell, which stays while the cell is pinned. Undefined without elements. */
  locate(cell: Cell<M>): M | undefined {
    if (cell.host !== undefined) this.restore(cell, cell.host)
    if (cell.memory !== undefined) {
      this.resident.delete(cell)
      this.resident.add(cell)
    }
    return cell.memory
  }

  /** A copy of what a cell holds, without bringing it back to the device. */
  read(cell: Cell<M>): TypedArray {
    if (cell.host !== undefined) return cell.host.slice()
    return isResident(cell) ? (this.device.read([cell])[0] as TypedArray) : hostArray(cell.dtype, 0)
  }

  /** Moves memory to the host until so many bytes are free, small pieces together; returns how many are. */
  makeRoom(bytes: number): number {
    const least = Math.max(bytes, together)
    let freed = 0,
      size = 0
    const batch: Resident<M>[] = []
    const flush = (): void => {
      this.evict(batch.splice(0))
      freed += size
      size = 0
    }
    for (const cell of this.resident) {
      if (freed + size >= least) break
      if (cell.pins > 0 || cell.references !== 1 || !isResident(cell)) continue
      batch.push(cell)
      size += cell.memory.bytes
      if (size >= together) flush()
    }
    flush()
    return freed
  }

  private evict(cells: readonly Resident<M>[]): void {
    if (cells.length === 0) return
    this.device.read(cells).forEach((host, i) => this.moveOut(cells[i] as Resident<M>, host))
  }

  private moveOut(cell: Cell<M>, host: TypedArray): void {
    this.device.give(this.detach(cell))
    cell.host = host
    if (cell.lease !== undefined) {
      cell.lease.cell = undefined
      this.handles--
    }
    this.evictions++
  }

  private restore(cell: Cell<M>, host: TypedArray): void {
    cell.memory = this.filled(cell.dtype, host)
    cell.host = undefined
    this.resident.add(cell)
    this.count(cell)
    if (cell.lease === undefined) return
    cell.lease.cell = cell
    this.handles++
  }

  private bytesOf({ dtype, size }: Cell<M>): number {
    return size * this.device.bytesOf(dtype)
  }

  private count(cell: Cell<M>): void {
    this.live += this.bytesOf(cell)
    this.peak = Math.max(this.peak, this.live)
  }

  private collected({ cell }: Lease<M>): void {
    if (cell === undefined) return
    this.handles--
    this.release(cell)
  }
}

type Resident<M> = Cell<M> & { readonly memory: M }
const isResident = <M>(cell: Cell<M>): cell is Resident<M> => cell.memory !== undefined

/** Bytes that move to the host at a time, when they are in small pieces. */
const together = 2 ** 22
