/** Tensors' memory: core's store of cells over textures. */
import { bytesOf, type Cell as CellOf, type CellBuffer, CellStore, type DType, fail } from '@cotangent/core/kernel'
import { layoutOf, type TextureSpec } from '../pass.ts'
import type { Device } from './device.ts'
import type { Framebuffers } from './framebuffers.ts'
import type { Texture, TexturePool } from './textures.ts'
import { readTogether, write } from './transfer.ts'

export type Cell = CellOf<Texture>
export type WebglBuffer = CellBuffer<Texture>
export type Store = CellStore<Texture>

export function createStore(device: Device, pool: TexturePool, framebuffers: Framebuffers): Store {
  return new CellStore({
    name: 'webgl',
    bytesOf,
    take: (dtype: DType, size) => pool.take(specOf(dtype, size, device.limits.textureSize)),
    give: (texture: Texture) => pool.give(texture),
    read: parts =>
      readTogether(
        device,
        framebuffers,
        parts.map(({ memory, size }) => ({ texture: memory, size })),
      ),
    write: (texture, data) => write(device, texture, data),
  })
}

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
