/** Framebuffers by what they draw on: making one costs more than a small draw. */
import type { Device } from './device.ts'
import type { Texture } from './textures.ts'

export class Framebuffers {
  private readonly device: Device
  private readonly known: Map<string, WebGLFramebuffer> = new Map()
  /** Keys by the id of each texture. */
  private readonly keys: Map<number, Set<string>> = new Map()
  private bound = ''

  constructor(device: Device) {
    this.device = device
  }

  /** Binds the one that draws on these textures, and sets the viewport. */
  bind(targets: readonly Texture[]): void {
    const { gl } = this.device
    const key = targets.length === 1 ? String((targets[0] as Texture).id) : targets.map(t => t.id).join()
    if (key === this.bound) return
    const { width, height } = targets[0] as Texture
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.known.get(key) ?? this.create(key, targets))
    gl.viewport(0, 0, width, height)
    this.bound = key
  }

  /** Drops those that draw on a texture. */
  forget({ id }: Texture): void {
    for (const key of this.keys.get(id) ?? []) {
      this.device.gl.deleteFramebuffer(this.known.get(key) ?? null)
      this.known.delete(key)
      if (key === this.bound) this.bound = ''
    }
    this.keys.delete(id)
  }

  private create(key: string, targets: readonly Texture[]): WebGLFramebuffer {
    const { gl } = this.device,
      framebuffer = gl.createFramebuffer()
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer)
    targets.forEach((t, k) => gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + k, gl.TEXTURE_2D, t.handle, 0))
    gl.drawBuffers(targets.map((_, k) => gl.COLOR_ATTACHMENT0 + k))
    this.known.set(key, framebuffer)
    for (const { id } of targets) {
      const keys = this.keys.get(id) ?? new Set()
      this.keys.set(id, keys.add(key))
    }
    return framebuffer
  }
}
