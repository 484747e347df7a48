/** Between host arrays and textures. An array fills the rows of its texture but the last, of which it may fill a part. */
import { hostArray, type TypedArray } from '@cotangent/core/kernel'
import { texelsOf } from '../pass.ts'
import type { Device } from './device.ts'
import { fence } from './poll.ts'
import type { Framebuffers } from './framebuffers.ts'
import { type Format, formatOf, type Texture } from './textures.ts'

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

/** Waits for the device. */
export function read(device: Device, framebuffers: Framebuffers, texture: Texture, size: number): TypedArray {
  const { gl } = device,
    data = hostArray(texture.dtype, size),
    { rows, elements, texels } = shapeOf(texture, size),
    { format, type } = formatOf(gl, texture.dtype)
  framebuffers.bind([texture])
  if (rows > 0) gl.readPixels(0, 0, texture.width, rows, format, type, data)
  if (texels > 0) {
    const rest = hostArray(texture.dtype, 4 * texels)
    gl.readPixels(0, rows, texels, 1, format, type, rest)
    data.set(rest.subarray(0, size - elements), elements)
  }
  device.check()
  return data
}

/** The same without blocking. What is ordered later does not change the result. */
export function readAsync(device: Device, framebuffers: Framebuffers, texture: Texture, size: number): Promise<TypedArray> {
  const { gl } = device,
    format = formatOf(gl, texture.dtype)
  const pixels = gl.createBuffer()
  orderRead(device, framebuffers, texture, size, pixels, format)
  return device.orLost(async () => {
    await fence(gl)
    device.check()
    const texels = hostArray(texture.dtype, 4 * texelsOf(size))
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, pixels)
    gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, texels)
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
    gl.deleteBuffer(pixels)
    return texels.length === size ? texels : texels.slice(0, size)
  })
}

function orderRead({ gl }: Device, framebuffers: Framebuffers, texture: Texture, size: number, pixels: WebGLBuffer, f: Format): void {
  const { rows, texels } = shapeOf(texture, size),
    first = rows * texture.width * f.bytesPerTexel
  framebuffers.bind([texture])
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, pixels)
  gl.bufferData(gl.PIXEL_PACK_BUFFER, texelsOf(size) * f.bytesPerTexel, gl.STREAM_READ)
  if (rows > 0) gl.readPixels(0, 0, texture.width, rows, f.format, f.type, 0)
  if (texels > 0) gl.readPixels(0, rows, texels, 1, f.format, f.type, first)
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
}
