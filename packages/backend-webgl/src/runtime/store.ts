/**
 * Tensors' memory. A handle (WebglBuffer) has a cell, which several handles may share; a cell holds a texture, or a host array when the
 * texture had to make room: finalizers do not run inside a task, so a synchronous loop may leave many dead handles behind, and moving the
 * cells that were used least recently is what bounds the memory of the device then.
 */
import { type Buffer, bytesOf, type DType, fail, type MemoryStatistics, type TypedArray } from '@cotangent/core/kernel'
import { layoutOf, type TextureSpec } from '../pass.ts'
import type { Device } from './device.ts'
import type { Framebuffers } from './framebuffers.ts'
import type { Texture, TexturePool } from './textures.ts'
import { readTogether, write } from './transfer.ts'

export interface Cell {
  readonly dtype: DType
  readonly size: number
  /** Undefined while on the host, and of a buffer without elements. */
  texture: Texture | undefined
  host: TypedArray | undefined
  /** Handles and executables. */
  references: number
  /** Runs that use the texture now. */
  pins: number
  /** Of the latest handle. */
  lease: Lease | undefined
}

/**
 * What the finalizer of a handle gets. While the cell is on the host its lease does not refer to it: then the host array goes with the
 * handle, and needs no finalizer.
 */
interface Lease {
  cell: Cell | undefined
}

export class WebglBuffer implements Buffer {
  readonly dtype: DType
  readonly size: number
  /** Undefined once freed. */
  cell: Cell | undefined

  readonly owner: Store

  constructor(cell: Cell, owner: Store) {
    this.owner = owner
    this.dtype = cell.dtype
    this.size = cell.size
    this.cell = cell
  }
}

export class Store {
  readonly device: Device
  private readonly pool: TexturePool
  private readonly framebuffers: Framebuffers
  /** Cells with a texture, those used least recently first. */
  private readonly resident: Set<Cell> = new Set()
  private readonly registry: FinalizationRegistry<Lease> = new FinalizationRegistry(lease => this.collected(lease))
  private live = 0
  private peak = 0
  private handles = 0
  /** How often a texture was moved to the host. */
  evictions = 0

  constructor(device: Device, pool: TexturePool, framebuffers: Framebuffers) {
    this.device = device
    this.pool = pool
    this.framebuffers = framebuffers
  }

  statistics(): MemoryStatistics {
    return { live: this.live, peak: this.peak, buffers: this.handles }
  }

  specOf(dtype: DType, size: number): TextureSpec {
    return specOf(dtype, size, this.device.limits.textureSize)
  }

  /** The cell of host data. It belongs to the caller until `handle` is called. */
  upload(data: TypedArray, dtype: DType): Cell {
    if (data.length === 0) return this.cell(dtype, 0, undefined)
    const texture = this.pool.take(this.specOf(dtype, data.length))
    write(this.device, texture, data)
    return this.cell(dtype, data.length, texture)
  }

  cell(dtype: DType, size: number, texture: Texture | undefined): Cell {
    const cell: Cell = { dtype, size, texture, host: undefined, references: 0, pins: 0, lease: undefined }
    if (texture !== undefined) this.resident.add(cell)
    this.count(cell)
    return cell
  }

  /** One more handle for a cell. */
  handle(cell: Cell): WebglBuffer {
    cell.references++
    this.handles++
    const buffer = new WebglBuffer(cell, this),
      lease: Lease = { cell }
    cell.lease = lease
    this.registry.register(buffer, lease, buffer)
    return buffer
  }

  free(buffer: WebglBuffer): void {
    const { cell } = buffer
    if (cell === undefined) return
    buffer.cell = undefined
    this.registry.unregister(buffer)
    if (cell.host === undefined) this.handles--
    this.release(cell)
  }

  release(cell: Cell): void {
    if (--cell.references > 0) return
    if (cell.host === undefined) this.live -= cell.size * bytesOf(cell.dtype)
    this.resident.delete(cell)
    if (cell.texture !== undefined) this.pool.give(cell.texture)
    cell.texture = undefined
    cell.host = undefined
  }

  cellOf(buffer: Buffer): Cell {
    if (!(buffer instanceof WebglBuffer) || buffer.owner !== this)
      return fail('BackendError', 'webgl: this buffer belongs to another backend. Move it with t.to(backend).')
    return buffer.cell ?? fail('DisposedError', 'webgl: this buffer was freed.')
  }

  /** The texture of a cell, which stays while the cell is pinned. Undefined without elements. */
  locate(cell: Cell): Texture | undefined {
    if (cell.host !== undefined) this.restore(cell, cell.host)
    if (cell.texture !== undefined) {
      this.resident.delete(cell)
      this.resident.add(cell)
    }
    return cell.texture
  }

  /** Moves textures to the host until so many bytes are free. Many small ones move together: each wait for the device is long. */
  makeRoom(bytes: number): void {
    let left = Math.max(bytes, TOGETHER),
      size = 0
    const batch: Resident[] = []
    const flush = (): void => {
      this.evict(batch.splice(0))
      size = 0
    }
    for (const cell of this.resident) {
      if (left <= 0) break
      if (cell.pins > 0 || cell.references !== 1 || !isResident(cell)) continue
      batch.push(cell)
      left -= cell.texture.bytes
      size += cell.texture.bytes
      if (size >= TOGETHER) flush()
    }
    flush()
  }

  private evict(cells: readonly Resident[]): void {
    if (cells.length === 0) return
    readTogether(this.device, this.framebuffers, cells).forEach((host, i) => this.moveOut(cells[i] as Cell, host))
  }

  private moveOut(cell: Cell, host: TypedArray): void {
    const texture = cell.texture as Texture
    cell.host = host
    cell.texture = undefined
    this.resident.delete(cell)
    this.pool.give(texture)
    this.live -= cell.size * bytesOf(cell.dtype)
    if (cell.lease !== undefined) {
      cell.lease.cell = undefined
      this.handles--
    }
    this.evictions++
  }

  private restore(cell: Cell, host: TypedArray): void {
    const texture = this.pool.take(this.specOf(cell.dtype, cell.size))
    write(this.device, texture, host)
    cell.texture = texture
    cell.host = undefined
    this.resident.add(cell)
    this.count(cell)
    if (cell.lease === undefined) return
    cell.lease.cell = cell
    this.handles++
  }

  private count(cell: Cell): void {
    this.live += cell.size * bytesOf(cell.dtype)
    this.peak = Math.max(this.peak, this.live)
  }

  private collected({ cell }: Lease): void {
    if (cell === undefined) return
    this.handles--
    this.release(cell)
  }
}

type Resident = Cell & { readonly texture: Texture }
const isResident = (cell: Cell): cell is Resident => cell.texture !== undefined

/** Bytes of textures that move to the host at a time, when they are small. */
const TOGETHER = 2 ** 22

/** Larger ones have cost the whole context. */
const mostElements = (768 * 2 ** 20) / 4

/** The texture of a buffer, or a BackendError when it is larger than one can be. */
export function specOf(dtype: DType, size: number, limit: number): TextureSpec {
  const layout = layoutOf(size, limit)
  if (layout === undefined || size > mostElements) {
    const most = Math.min(mostElements, 4 * 2 ** Math.floor(Math.log2(limit)) * limit)
    return fail(
      'BackendError',
      `webgl: a tensor of ${size} elements is too large: one texture holds ${most}. Use smaller batches or the cpu backend.`,
    )
  }
  return { dtype, ...layout }
}
