/** Between host arrays and textures. An array fills the rows of its texture but the last, of which it may fill a part. */
import { type DType, hostArray, type TypedArray } from '@cotangent/core/kernel'
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

export function write({ gl, scratchUnit }: Device, texture: Texture, data: TypedArray): void {
  const { rows, elements, texels } = shapeOf(texture, data.length),
    { format, type } = formatOf(gl, texture.dtype)
  const send = (y: number, width: number, height: number, pixels: TypedArray): void =>
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, y, width, height, format, type, pixels)
  gl.activeTexture(gl.TEXTURE0 + scratchUnit)
  gl.bindTexture(gl.TEXTURE_2D, texture.handle)
  if (rows > 0) send(0, texture.width, rows, unshared(data.subarray(0, elements)))
  if (texels === 0) return
  const rest = hostArray(texture.dtype, 4 * texels)
  rest.set(data.subarray(elements))
  send(rows, texels, 1, rest)
}

/** WebGL takes no views of shared memory. */
const unshared = (data: TypedArray): TypedArray => (data.buffer instanceof ArrayBuffer ? data : data.slice())

/** How pixels come back: `array` holds so many numbers of them. */
interface Pixels {
  readonly format: number
  readonly type: number
  readonly bytes: number
  array(length: number): TypedArray
}

function pixelsOf({ gl, limits }: Device, dtype: DType): Pixels {
  const { format, type } = formatOf(gl, dtype)
  if (dtype === 'bool' && !limits.byteReads) return { format, type: gl.UNSIGNED_INT, bytes: 16, array: n => new Uint32Array(n) }
  return { format, type, bytes: dtype === 'bool' ? 4 : 16, array: n => hostArray(dtype, n) }
}

/** Waits for the device. */
export function read(device: Device, framebuffers: Framebuffers, texture: Texture, size: number): TypedArray {
  const { gl } = device,
    { rows, elements, texels } = shapeOf(texture, size),
    { format, type, array } = pixelsOf(device, texture.dtype)
  const data = array(elements + 4 * texels)
  framebuffers.bind([texture])
  if (rows > 0) gl.readPixels(0, 0, texture.width, rows, format, type, data)
  if (texels > 0) gl.readPixels(0, rows, texels, 1, format, type, data.subarray(elements))
  device.check()
  return asHost(data, texture.dtype, size)
}

/** The same without blocking. What is ordered later does not change the result. */
export function readAsync(device: Device, framebuffers: Framebuffers, texture: Texture, size: number): Promise<TypedArray> {
  const { gl } = device,
    pixels = pixelsOf(device, texture.dtype),
    memory = gl.createBuffer()
  orderRead(device, framebuffers, texture, size, memory, pixels)
  return device.orLost(async () => {
    await fence(gl)
    device.check()
    const data = pixels.array(4 * texelsOf(size))
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, memory)
    gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, data)
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
    gl.deleteBuffer(memory)
    device.check()
    return asHost(data, texture.dtype, size)
  })
}

function orderRead({ gl }: Device, framebuffers: Framebuffers, texture: Texture, size: number, memory: WebGLBuffer, p: Pixels): void {
  const { rows, texels } = shapeOf(texture, size)
  framebuffers.bind([texture])
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, memory)
  gl.bufferData(gl.PIXEL_PACK_BUFFER, texelsOf(size) * p.bytes, gl.STREAM_READ)
  if (rows > 0) gl.readPixels(0, 0, texture.width, rows, p.format, p.type, 0)
  if (texels > 0) gl.readPixels(0, rows, texels, 1, p.format, p.type, rows * texture.width * p.bytes)
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
}

/** The first `size` elements in an array of their own. */
function asHost(data: TypedArray, dtype: DType, size: number): TypedArray {
  if (dtype === 'bool' && !(data instanceof Uint8Array)) return Uint8Array.from(data.subarray(0, size))
  return data.length === size ? data : data.slice(0, size)
}
