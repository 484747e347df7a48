/** Textures, kept for reuse when they are given back: a new one costs an allocation and is filled with zeros. */
import { type DType, fail } from '@cotangent/core/kernel'
import { noFloat64 } from '../glsl/types.ts'
import type { TextureSpec } from '../pass.ts'
import type { Device, GL } from './device.ts'

export interface Format {
  /** Sized internal format. */
  readonly internal: number
  readonly format: number
  readonly type: number
  readonly bytesPerTexel: number
}

/** By dtype. */
export function formatOf(gl: GL, dtype: DType): Format {
  switch (dtype) {
    case 'float32':
      return { internal: gl.RGBA32F, format: gl.RGBA, type: gl.FLOAT, bytesPerTexel: 16 }
    case 'int32':
      return { internal: gl.RGBA32I, format: gl.RGBA_INTEGER, type: gl.INT, bytesPerTexel: 16 }
    case 'uint32':
      return { internal: gl.RGBA32UI, format: gl.RGBA_INTEGER, type: gl.UNSIGNED_INT, bytesPerTexel: 16 }
    case 'float16':
    case 'bfloat16':
      return { internal: gl.RGBA16UI, format: gl.RGBA_INTEGER, type: gl.UNSIGNED_SHORT, bytesPerTexel: 8 }
    case 'int8':
      return { internal: gl.RGBA8I, format: gl.RGBA_INTEGER, type: gl.BYTE, bytesPerTexel: 4 }
    case 'uint8':
    case 'bool':
      return { internal: gl.RGBA8UI, format: gl.RGBA_INTEGER, type: gl.UNSIGNED_BYTE, bytesPerTexel: 4 }
    case 'float64':
      return noFloat64()
  }
}

export interface Texture extends TextureSpec {
  /** Of this pool, never used twice. */
  readonly id: number
  readonly handle: WebGLTexture
  readonly bytes: number
  readonly key: string
}

/** What a small texture costs in truth, with its framebuffer: 12.5 KB in Chromium's process for graphics (100,000 of one texel took 1.25 GB). */
const leastBytes = 2 ** 14

/** Drivers report the lack of memory only when asked, which costs half a millisecond: they are asked after large allocations. */
const askAfter = 16 * 2 ** 20

export class TexturePool {
  readonly device: Device
  /** Of all textures, those in reserve included. */
  bytes: number = 0
  private readonly budget: number
  private readonly reserve: Map<string, Texture[]> = new Map()
  private reserved = 0
  private next = 0
  /** Frees at least so many bytes of textures in use, if it can. */
  private readonly makeRoom: (bytes: number) => void
  private readonly forget: (texture: Texture) => void

  constructor(device: Device, budget: number, makeRoom: (bytes: number) => void, forget: (texture: Texture) => void) {
    this.device = device
    this.budget = budget
    this.makeRoom = makeRoom
    this.forget = forget
  }

  /** Bytes of textures in use. */
  get used(): number {
    return this.bytes - this.reserved
  }

  /** A texture whose content is arbitrary. */
  take({ dtype, width, height }: TextureSpec): Texture {
    const key = keyOf(dtype, width, height)
    const known = this.reserve.get(key)?.pop()
    if (known === undefined) return this.create(key, { dtype, width, height })
    this.reserved -= known.bytes
    return known
  }

  give(texture: Texture): void {
    let list = this.reserve.get(texture.key)
    if (list === undefined) this.reserve.set(texture.key, (list = []))
    list.push(texture)
    // Keys given back last are last: `trim` begins with the others.
    this.reserve.delete(texture.key)
    this.reserve.set(texture.key, list)
    this.reserved += texture.bytes
    if (this.bytes > this.budget) this.trim(this.bytes - this.budget)
  }

  private create(key: string, spec: TextureSpec): Texture {
    const { internal, bytesPerTexel } = formatOf(this.device.gl, spec.dtype)
    const bytes = Math.max(leastBytes, spec.width * spec.height * bytesPerTexel)
    this.shrinkFor(bytes)
    let handle = this.allocate(internal, spec)
    if (handle === undefined) {
      this.trim(Infinity)
      this.makeRoom(Math.max(4 * bytes, this.used / 4))
      this.trim(Infinity)
      handle = this.allocate(internal, spec) ?? this.outOfMemory(bytes)
    }
    this.bytes += bytes
    return { ...spec, id: this.next++, handle, bytes, key }
  }

  /** Undefined when the driver says that its memory is full. */
  private allocate(internal: number, { width, height }: TextureSpec): WebGLTexture | undefined {
    const { gl, scratchUnit } = this.device,
      handle = gl.createTexture()
    gl.activeTexture(gl.TEXTURE0 + scratchUnit)
    gl.bindTexture(gl.TEXTURE_2D, handle)
    gl.texStorage2D(gl.TEXTURE_2D, 1, internal, width, height)
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST)
    for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, wrap, gl.CLAMP_TO_EDGE)
    if (width * height * 16 < askAfter || gl.getError() === gl.NO_ERROR) return handle
    gl.deleteTexture(handle)
    return undefined
  }

  private shrinkFor(bytes: number): void {
    const excess = (): number => this.bytes + bytes - this.budget
    if (excess() <= 0) return
    this.trim(excess())
    if (excess() <= 0) return
    this.makeRoom(excess())
    this.trim(excess())
  }

  /** Deletes textures in reserve, those unused for longest first. */
  private trim(bytes: number): void {
    let left = bytes
    for (const [key, list] of this.reserve) {
      while (left > 0 && list.length > 0) left -= this.destroy(list.shift() as Texture)
      if (list.length === 0) this.reserve.delete(key)
      if (left <= 0) return
    }
  }

  private destroy(texture: Texture): number {
    this.forget(texture)
    this.device.gl.deleteTexture(texture.handle)
    this.bytes -= texture.bytes
    this.reserved -= texture.bytes
    return texture.bytes
  }

  private outOfMemory(bytes: number): never {
    this.device.check()
    const mebibytes = (n: number): string => `${(n / 2 ** 20).toFixed(1)} MiB`
    return fail(
      'BackendError',
      `webgl: out of memory: the driver refused ${mebibytes(bytes)} beside ${mebibytes(this.bytes)} in use. ` +
        'Drop references to tensors that are no longer needed, dispose() them, or use smaller batches.',
    )
  }
}

const keyOf = (dtype: DType, width: number, height: number): string => `${dtype} ${width} ${height}`
