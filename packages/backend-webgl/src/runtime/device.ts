/** The WebGL2 context: what it must have, and what becomes of it when the browser takes it away. */
import { fail } from '@cotangent/core/kernel'
import type { Limits } from '../pass.ts'
import { settlerOf } from './settle.ts'

export type GL = WebGL2RenderingContext

/** KHR_parallel_shader_compile: the status of a program without waiting for it. */
export interface ParallelCompile {
  readonly COMPLETION_STATUS_KHR: number
}

export interface DeviceOptions {
  /** Checks for errors of WebGL after every draw. */
  readonly debug: boolean
  /** Pretends that the device can do no more than this. For tests. */
  readonly limits?: Partial<Limits>
}

export class Device {
  readonly gl: GL
  readonly limits: Limits
  readonly debug: boolean
  readonly parallelCompile: ParallelCompile | null
  /** A texture unit that no program samples: binding a texture there, to change it, disturbs no draw. */
  readonly scratchUnit: number
  /** To be called before the host reads or writes a texture: waits for draws on drivers that forget to. */
  readonly settle: () => void
  private readonly waiting: Set<(reason: Error) => void> = new Set()
  private state: 'open' | 'lost' | 'disposed' = 'open'

  constructor(options: DeviceOptions) {
    const canvas = createCanvas()
    this.gl = createContext(canvas)
    this.debug = options.debug
    this.limits = limitsOf(this.gl, options.limits ?? {})
    this.scratchUnit = this.limits.textures
    this.parallelCompile = this.gl.getExtension('KHR_parallel_shader_compile') as ParallelCompile | null
    this.settle = settlerOf(this.gl)
    this.prepare()
    this.check()
    // A context that is restored is empty, and all tensors are gone: the way on is a new backend.
    canvas.addEventListener('webglcontextlost', () => this.markLost())
  }

  /** Throws a BackendError when the context is gone. */
  check(): void {
    if (this.state === 'open' && this.gl.isContextLost()) this.markLost()
    if (this.state !== 'open') throw this.gone()
  }

  /** As `work`. WebGL functions give null and zeros for objects once the context is gone: whatever came of these is the BackendError. */
  guard<T>(work: () => T): T {
    this.check()
    try {
      return work()
    } catch (error) {
      this.check()
      throw error
    }
  }

  /** Settles like `work`, or rejects as soon as the context is gone. */
  async orLost<T>(work: (fail: (reason: Error) => void) => Promise<T>): Promise<T> {
    this.check()
    let reject: (reason: Error) => void = () => {}
    const loss = new Promise<never>((_, r) => (reject = r))
    this.waiting.add(reject)
    try {
      return await Promise.race([work(reject), loss])
    } catch (error) {
      this.check()
      throw error
    } finally {
      this.waiting.delete(reject)
    }
  }

  /** Frees all that the context holds. */
  dispose(): void {
    if (this.state === 'disposed') return
    const wasOpen = this.state === 'open'
    this.state = 'disposed'
    this.rejectWaiting()
    if (wasOpen) this.gl.getExtension('WEBGL_lose_context')?.loseContext()
  }

  private markLost(): void {
    if (this.state !== 'open') return
    this.state = 'lost'
    this.rejectWaiting()
  }

  private rejectWaiting(): void {
    for (const reject of this.waiting) reject(this.gone())
    this.waiting.clear()
  }

  private gone(): Error {
    const message =
      this.state === 'disposed'
        ? 'webgl: the backend was disposed. Call init() again to get a new one.'
        : 'webgl: the browser took the WebGL context away (the graphics driver was reset, its memory ran out, or too many contexts are ' +
          'open), and with it all tensors. Call init() again and load what you saved.'
    return errorOf(() => fail('BackendError', message))
  }

  /** State that no draw changes. */
  private prepare(): void {
    const { gl } = this
    gl.disable(gl.DITHER)
    gl.disable(gl.DEPTH_TEST)
    gl.bindVertexArray(gl.createVertexArray())
  }
}

function errorOf(f: () => never): Error {
  try {
    return f()
  } catch (error) {
    return error as Error
  }
}

function createCanvas(): OffscreenCanvas {
  if (typeof OffscreenCanvas === 'undefined')
    fail('BackendError', 'webgl: this engine has no OffscreenCanvas; it runs in browsers and their workers.')
  return new OffscreenCanvas(1, 1)
}

function createContext(canvas: OffscreenCanvas): GL {
  const off = { alpha: false, antialias: false, depth: false, stencil: false, premultipliedAlpha: false, preserveDrawingBuffer: false }
  const gl = canvas.getContext('webgl2', { ...off, powerPreference: 'high-performance' })
  if (gl === null)
    return fail('BackendError', 'webgl: the browser gives no WebGL2 context; it may be switched off or block this graphics driver.')
  if (gl.isContextLost() || rendersFloats(gl)) return gl
  const half = gl.getExtension('EXT_color_buffer_half_float') !== null
  gl.getExtension('WEBGL_lose_context')?.loseContext()
  return fail(
    'BackendError',
    `webgl: this graphics driver cannot write float32 textures${half ? ', only float16, which is too coarse' : ''} ` +
      "(it lacks EXT_color_buffer_float). Use the cpu backend: init({ backend: ['webgl', 'cpu'] }) takes it where webgl does not work.",
  )
}

/** Some drivers name the extension and refuse the framebuffer. */
function rendersFloats(gl: GL): boolean {
  if (gl.getExtension('EXT_color_buffer_float') === null) return false
  return withTarget(gl, gl.RGBA32F, () => gl.checkFramebufferStatus(gl.FRAMEBUFFER) === gl.FRAMEBUFFER_COMPLETE)
}

function limitsOf(gl: GL, most: Partial<Limits>): Limits {
  const { textureSize = Infinity, textures = Infinity, targets = Infinity, floatBlend = true, narrowReads = narrowReadsOf(gl) } = most,
    { work = 2 ** 30, rounds = 2 ** 13 } = most
  const parameter = (name: number): number => gl.getParameter(name) as number
  return {
    textureSize: Math.min(textureSize, parameter(gl.MAX_TEXTURE_SIZE)),
    textures: Math.min(textures, parameter(gl.MAX_TEXTURE_IMAGE_UNITS), parameter(gl.MAX_COMBINED_TEXTURE_IMAGE_UNITS) - 1),
    targets: Math.min(targets, parameter(gl.MAX_DRAW_BUFFERS), parameter(gl.MAX_COLOR_ATTACHMENTS)),
    work,
    rounds,
    floatBlend: floatBlend && gl.getExtension('EXT_float_blend') !== null,
    narrowReads,
  }
}

/** For narrow integers the standard promises INT or UNSIGNED_INT alone, and one more type that the driver chooses. */
function narrowReadsOf(gl: GL): ReadonlySet<number> {
  const own = [
    [gl.RGBA8UI, gl.UNSIGNED_BYTE],
    [gl.RGBA8I, gl.BYTE],
    [gl.RGBA16UI, gl.UNSIGNED_SHORT],
  ] as const
  const reads = ([internal, type]: readonly [number, number]): boolean =>
    withTarget(gl, internal, () => (gl.getParameter(gl.IMPLEMENTATION_COLOR_READ_TYPE) as number) === type)
  return new Set(own.filter(reads).map(([internal]) => internal))
}

/** With a framebuffer on one texel of this format bound. */
function withTarget<T>(gl: GL, format: number, ask: () => T): T {
  const texture = gl.createTexture(),
    framebuffer = gl.createFramebuffer()
  gl.bindTexture(gl.TEXTURE_2D, texture)
  gl.texStorage2D(gl.TEXTURE_2D, 1, format, 1, 1)
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer)
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0)
  const answer = ask()
  gl.deleteFramebuffer(framebuffer)
  gl.deleteTexture(texture)
  return answer
}
