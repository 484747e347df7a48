/** Between host arrays and textures. An array fills the rows of its texture but the last, of which it may fill a part. */
import { bitsOf, type DType, fromStored, type StoredArray, storedView, toStored, type TypedArray } from '@cotangent/core/kernel'
import { texelsOf } from '../pass.ts'
import type { Device } from './device.ts'
import { fence } from './poll.ts'
import type { Framebuffers } from './framebuffers.ts'
import { formatOf, type Texture } from './textures.ts'

/** Whole rows of the texture, as `elements`, then `texels` of one more row. */
interface Shape {
  readonly rows: number
  readonly elements: number
  readonly texels: number
}

function shapeOf({ width }: Texture, size: number): Shape {
  const rows = Math.floor(size / (4 * width))
  return { rows, elements: rows * 4 * width, texels: texelsOf(size - rows * 4 * width) }
}

export function write({ gl, scratchUnit, settle }: Device, texture: Texture, host: TypedArray): void {
  const data = toStored(host, texture.dtype)
  settle()
  const { rows, elements, texels } = shapeOf(texture, data.length),
    { format, type, bytesPerTexel } = formatOf(gl, texture.dtype)
  const send = (y: number, width: number, height: number, pixels: StoredArray): void =>
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, y, width, height, format, type, pixels)
  gl.activeTexture(gl.TEXTURE0 + scratchUnit)
  gl.bindTexture(gl.TEXTURE_2D, texture.handle)
  if (rows > 0) send(0, texture.width, rows, unshared(data.subarray(0, elements)))
  if (texels === 0) return
  const rest = storedView(texture.dtype, new ArrayBuffer(texels * bytesPerTexel), 0, 4 * texels)
  rest.set(data.subarray(elements))
  send(rows, texels, 1, rest)
}

/** WebGL takes no views of shared memory. */
const unshared = (data: StoredArray): StoredArray => (data.buffer instanceof ArrayBuffer ? data : data.slice())

/** How pixels come back: four numbers each, in `bytes` bytes, which `view` makes an array. */
interface Pixels {
  readonly format: number
  readonly type: number
  readonly bytes: number
  view(memory: ArrayBuffer): StoredArray
}

function pixelsOf({ gl, limits }: Device, dtype: DType): Pixels {
  const { internal, format, type, bytesPerTexel } = formatOf(gl, dtype)
  if (bytesPerTexel === 16 || limits.narrowReads.has(internal))
    return { format, type, bytes: bytesPerTexel, view: memory => storedView(dtype, memory, 0, (4 * memory.byteLength) / bytesPerTexel) }
  return type === gl.BYTE
    ? { format, type: gl.INT, bytes: 16, view: memory => new Int32Array(memory) }
    : { format, type: gl.UNSIGNED_INT, bytes: 16, view: memory => new Uint32Array(memory) }
}

/** Waits for the device. */
export function read(device: Device, framebuffers: Framebuffers, texture: Texture, size: number): TypedArray {
  const { gl } = device,
    { rows, elements, texels } = shapeOf(texture, size),
    { format, type, bytes, view } = pixelsOf(device, texture.dtype)
  const data = view(new ArrayBuffer(texelsOf(size) * bytes))
  device.settle()
  framebuffers.bind([texture])
  if (rows > 0) gl.readPixels(0, 0, texture.width, rows, format, type, data)
  if (texels > 0) gl.readPixels(0, rows, texels, 1, format, type, data.subarray(elements))
  device.check()
  return asHost(data, texture.dtype, size)
}

/** Elements of a texture that are read. */
export interface Part {
  readonly texture: Texture
  readonly size: number
}

/** Several textures with one wait. */
export function readTogether(device: Device, framebuffers: Framebuffers, parts: readonly Part[]): TypedArray[] {
  if (parts.length === 1) return parts.map(({ texture, size }) => read(device, framebuffers, texture, size))
  const order = orderReads(device, framebuffers, parts)
  return fetchReads(device, order)
}

/** The same without blocking. What is ordered later does not change the result. */
export function readAsync(device: Device, framebuffers: Framebuffers, texture: Texture, size: number): Promise<TypedArray> {
  const order = orderReads(device, framebuffers, [{ texture, size }])
  return device.orLost(async () => {
    await fence(device.gl)
    return fetchReads(device, order)[0] as TypedArray
  })
}

/** Reads that are under way, one after another in a buffer of WebGL. */
interface Order {
  readonly memory: WebGLBuffer
  readonly bytes: number
  readonly parts: readonly (Part & { readonly pixels: Pixels; readonly offset: number })[]
}

function orderReads(device: Device, framebuffers: Framebuffers, parts: readonly Part[]): Order {
  const { gl } = device,
    memory = gl.createBuffer()
  let bytes = 0
  const placed = parts.map(part => {
    const pixels = pixelsOf(device, part.texture.dtype),
      offset = bytes
    bytes += texelsOf(part.size) * pixels.bytes
    return { ...part, pixels, offset }
  })
  device.settle()
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, memory)
  gl.bufferData(gl.PIXEL_PACK_BUFFER, bytes, gl.STREAM_READ)
  for (const { texture, size, pixels, offset } of placed) {
    const { rows, texels } = shapeOf(texture, size),
      { format, type } = pixels
    framebuffers.bind([texture])
    if (rows > 0) gl.readPixels(0, 0, texture.width, rows, format, type, offset)
    if (texels > 0) gl.readPixels(0, rows, texels, 1, format, type, offset + rows * texture.width * pixels.bytes)
  }
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
  return { memory, bytes, parts: placed }
}

function fetchReads(device: Device, { memory, bytes, parts }: Order): TypedArray[] {
  const { gl } = device,
    all = new Uint8Array(bytes)
  device.check()
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, memory)
  gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, all)
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
  gl.deleteBuffer(memory)
  device.check()
  return parts.map(({ texture, size, pixels, offset }) => {
    const end = offset + texelsOf(size) * pixels.bytes
    return asHost(pixels.view(parts.length === 1 ? all.buffer : all.buffer.slice(offset, end)), texture.dtype, size)
  })
}

/** The first `size` elements in an array of their own. */
function asHost(data: StoredArray, dtype: DType, size: number): TypedArray {
  const isWide = data.BYTES_PER_ELEMENT * 8 > bitsOf(dtype)
  if (data.length === size && !isWide) return fromStored(data, dtype)
  const stored = storedView(dtype, new ArrayBuffer((size * bitsOf(dtype)) / 8), 0, size)
  stored.set(data.subarray(0, size))
  return fromStored(stored, dtype)
}
