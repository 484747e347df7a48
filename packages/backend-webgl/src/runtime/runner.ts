/** Runs Passes: binds program, textures, uniforms and targets, and draws. Knows what is bound already. */
import { type BufferId, fail } from '@cotangent/core/kernel'
import { texelType } from '../glsl/types.ts'
import type { LaneMask, Over, Pass, PassUniform, Points, TextureId, TextureSpec } from '../pass.ts'
import { bandOf, itemsOf } from './bands.ts'
import type { Device } from './device.ts'
import type { Framebuffers } from './framebuffers.ts'
import type { Program, ProgramCache } from './programs.ts'
import { assemble, type Source } from './source.ts'
import type { Texture, TexturePool } from './textures.ts'

/** A Pass with its program. */
export interface LinkedPass {
  readonly pass: Pass
  readonly source: Source
  readonly program: Program
}

/** What the passes of a run work on: textures by TextureId, and the values of counters. */
export interface Frame {
  readonly textures: (Texture | undefined)[]
  readonly counters: ReadonlyMap<BufferId, number>
}

const everyLane: LaneMask = [true, true, true, true]

export class Runner {
  readonly device: Device
  readonly pool: TexturePool
  readonly framebuffers: Framebuffers
  readonly programs: ProgramCache
  private program: Program | undefined
  /** Ids of the textures that are bound to the units. */
  private readonly units: number[] = []
  private readonly prepared: WeakSet<Program> = new WeakSet()
  private readonly blank: Map<string, Texture> = new Map()

  constructor(device: Device, pool: TexturePool, framebuffers: Framebuffers, programs: ProgramCache) {
    this.device = device
    this.pool = pool
    this.framebuffers = framebuffers
    this.programs = programs
  }

  link(pass: Pass, specOf: (texture: TextureId) => TextureSpec): LinkedPass {
    const { textures, targets } = this.device.limits
    if (pass.textures.length > textures || pass.targets.length > targets)
      fail(
        'InternalError',
        `webgl: ${pass.name} needs ${pass.textures.length} textures and ${pass.targets.length} targets. Please report it.`,
      )
    const source = assemble(pass, specOf)
    return { pass, source, program: this.programs.take(source) }
  }

  /** Replaces the textures of the targets in `frame`, unless the pass draws points over them. */
  run({ pass, program }: LinkedPass, frame: Frame, specOf: (texture: TextureId) => TextureSpec): void {
    this.use(program, pass)
    pass.textures.forEach(({ texture }, unit) => this.bind(unit, frame.textures[texture] ?? this.blankLike(specOf(texture))))
    const fresh = pass.points === undefined && pass.over === undefined
    const targets = fresh ? pass.targets.map(t => this.pool.take(specOf(t))) : this.drawnOver(pass, frame, specOf)
    this.framebuffers.bind(targets)
    this.setUniforms(program, pass.uniforms, targets[0] as Texture, frame)
    if (pass.points !== undefined) this.drawPoints(pass, pass.points)
    else if (pass.over !== undefined) this.drawOver(pass, pass.over, targets[0] as Texture, frame)
    else this.drawBands(pass, targets[0] as Texture, 0, (targets[0] as Texture).height)
    if (this.device.debug) this.checkDraw(pass)
    pass.targets.forEach((id, k) => {
      const old = frame.textures[id]
      if (old !== undefined && old !== targets[k]) this.pool.give(old)
      frame.textures[id] = targets[k]
    })
  }

  /** The texture's id will not come again, but a unit may still name it. */
  forget(texture: Texture): void {
    const unit = this.units.indexOf(texture.id)
    if (unit >= 0) this.units[unit] = -1
  }

  private use(program: Program, pass: Pass): void {
    const { gl } = this.device
    if (this.program !== program) {
      program.link()
      gl.useProgram(program.handle)
      this.program = program
    }
    if (this.prepared.has(program)) return
    pass.textures.forEach(({ name }, unit) => gl.uniform1i(program.location(name), unit))
    this.prepared.add(program)
  }

  private bind(unit: number, texture: Texture): void {
    if (this.units[unit] === texture.id) return
    const { gl } = this.device
    gl.activeTexture(gl.TEXTURE0 + unit)
    gl.bindTexture(gl.TEXTURE_2D, texture.handle)
    this.units[unit] = texture.id
  }

  private setUniforms(program: Program, uniforms: readonly PassUniform[], { width, height }: TextureSpec, frame: Frame): void {
    const { gl } = this.device
    gl.uniform2i(program.location('uTarget'), width, height)
    gl.uniform2f(program.location('uInverse'), 1 / width, 1 / height)
    for (const u of uniforms) {
      const location = program.location(u.name),
        value = 'counter' in u ? (frame.counters.get(u.counter) ?? 0) : u.value
      if (u.type === 'int') gl.uniform1i(location, value)
      else if (u.type === 'uint') gl.uniform1ui(location, value)
      else gl.uniform1f(location, value)
    }
  }

  private drawnOver(pass: Pass, frame: Frame, specOf: (texture: TextureId) => TextureSpec): readonly Texture[] {
    return pass.targets.map(id => frame.textures[id] ?? this.zeros(specOf(id)))
  }

  /** A texture of zeros. */
  private zeros(spec: TextureSpec): Texture {
    const texture = this.pool.take(spec),
      { gl } = this.device
    this.framebuffers.bind([texture])
    const type = texelType(spec.dtype)
    if (type === 'vec4') gl.clearBufferfv(gl.COLOR, 0, [0, 0, 0, 0])
    else if (type === 'ivec4') gl.clearBufferiv(gl.COLOR, 0, [0, 0, 0, 0])
    else gl.clearBufferuiv(gl.COLOR, 0, [0, 0, 0, 0])
    return texture
  }

  /** For a sampler whose buffer was never written: any texture of its kind will do. */
  private blankLike({ dtype }: TextureSpec): Texture {
    let texture = this.blank.get(dtype)
    if (texture === undefined) this.blank.set(dtype, (texture = this.zeros({ dtype, width: 1, height: 1 })))
    return texture
  }

  private drawOver(pass: Pass, { elements, lanes = everyLane }: Over, target: TextureSpec, frame: Frame): void {
    const { gl } = this.device
    const first = elements.counters.reduce((sum, c) => sum + c.stride * (frame.counters.get(c.counter) ?? 0), elements.offset)
    const row = (element: number): number => Math.floor(element / (4 * target.width))
    gl.colorMask(...lanes)
    this.drawBands(pass, target, row(first), row(first + elements.count - 1) + 1)
    gl.colorMask(...everyLane)
  }

  /** The rows from `first` to before `end`, in as many draws as their work demands. */
  private drawBands(pass: Pass, { width, height }: TextureSpec, first: number, end: number): void {
    const { gl, limits } = this.device,
      band = bandOf(pass, width, limits)
    if (first === 0 && end === height && band.rows >= height && band.columns === width) return gl.drawArrays(gl.TRIANGLES, 0, 3)
    gl.enable(gl.SCISSOR_TEST)
    for (let y = first; y < end; y += band.rows)
      for (let x = 0; x < width; x += band.columns) {
        if (x + y > first) gl.flush()
        gl.scissor(x, y, Math.min(band.columns, width - x), Math.min(band.rows, end - y))
        gl.drawArrays(gl.TRIANGLES, 0, 3)
      }
    gl.disable(gl.SCISSOR_TEST)
  }

  private drawPoints(pass: Pass, { count, blend, lanes = everyLane }: Points): void {
    const { gl } = this.device
    if (blend !== undefined) {
      gl.enable(gl.BLEND)
      gl.blendFunc(gl.ONE, gl.ONE)
      gl.blendEquation(blend === 'add' ? gl.FUNC_ADD : blend === 'min' ? gl.MIN : gl.MAX)
    }
    gl.colorMask(...lanes)
    const most = itemsOf(pass, this.device.limits)
    for (let first = 0; first < count; first += most) {
      if (first > 0) gl.flush()
      gl.drawArrays(gl.POINTS, first, Math.min(most, count - first))
    }
    gl.colorMask(...everyLane)
    gl.disable(gl.BLEND)
  }

  private checkDraw(pass: Pass): void {
    const { gl } = this.device
    this.device.check()
    const error = gl.getError(),
      status = gl.checkFramebufferStatus(gl.FRAMEBUFFER)
    if (error === gl.NO_ERROR && status === gl.FRAMEBUFFER_COMPLETE) return
    fail(
      'BackendError',
      `webgl: ${pass.name}: error 0x${error.toString(16)}, framebuffer 0x${status.toString(16)} after this draw:\n${pass.fragment}`,
    )
  }
}
