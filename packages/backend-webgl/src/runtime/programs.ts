/** Programs by source text. Compiling is ordered early and waited for late, so that drivers compile several at a time. */
import { fail } from '@cotangent/core/kernel'
import type { Device } from './device.ts'
import { fence, nextTask } from './poll.ts'
import type { Source } from './source.ts'

export class Program {
  readonly handle: WebGLProgram
  private readonly device: Device
  private readonly shaders: readonly WebGLShader[]
  private readonly source: Source
  private readonly locations: Map<string, WebGLUniformLocation | null> = new Map()
  private linked = false

  constructor(device: Device, source: Source) {
    const { gl } = device
    this.device = device
    this.source = source
    this.handle = gl.createProgram()
    const shader = (type: number, text: string): WebGLShader => {
      const created = gl.createShader(type) as WebGLShader
      gl.shaderSource(created, text)
      gl.compileShader(created)
      gl.attachShader(this.handle, created)
      return created
    }
    this.shaders = [shader(gl.VERTEX_SHADER, source.vertex), shader(gl.FRAGMENT_SHADER, source.fragment)]
    gl.linkProgram(this.handle)
  }

  /** Is it there, as far as one can tell without waiting? */
  isReady(): boolean {
    const { gl, parallelCompile } = this.device
    return this.linked || parallelCompile === null || gl.getProgramParameter(this.handle, parallelCompile.COMPLETION_STATUS_KHR) === true
  }

  /** Waits until it is there. Throws when the driver refuses it. */
  link(): void {
    if (this.linked) return
    const { gl } = this.device
    if (gl.getProgramParameter(this.handle, gl.LINK_STATUS) !== true) this.refused()
    for (const shader of this.shaders) gl.deleteShader(shader)
    this.linked = true
  }

  get isLinked(): boolean {
    return this.linked
  }

  location(name: string): WebGLUniformLocation | null {
    let found = this.locations.get(name)
    if (found === undefined) this.locations.set(name, (found = this.device.gl.getUniformLocation(this.handle, name)))
    return found
  }

  private refused(): never {
    const { gl } = this.device
    this.device.check()
    const log = [...this.shaders.map(s => gl.getShaderInfoLog(s)), gl.getProgramInfoLog(this.handle)].filter(Boolean).join('\n')
    const numbered = this.source.fragment.split('\n').map((line, i) => `${i + 1}: ${line}`)
    return fail('BackendError', `webgl: the graphics driver refused a shader: ${log}\n${numbered.join('\n')}`)
  }
}

interface Entry {
  readonly program: Program
  users: number
}

/** Programs without users that are kept, since the next executable often needs them again. */
const spare = 256

export class ProgramCache {
  private readonly device: Device
  private readonly entries: Map<string, Entry> = new Map()
  private unused = 0

  constructor(device: Device) {
    this.device = device
  }

  get size(): number {
    return this.entries.size
  }

  /** Begins to compile if it must. Give each program back as often as it was taken. */
  take(source: Source): Program {
    const key = keyOf(source)
    const known = this.entries.get(key)
    if (known !== undefined) {
      if (known.users++ === 0) this.unused--
      return known.program
    }
    const program = new Program(this.device, source)
    this.entries.set(key, { program, users: 1 })
    return program
  }

  give(source: Source): void {
    const key = keyOf(source),
      entry = this.entries.get(key)
    if (entry === undefined || --entry.users > 0) return
    this.unused++
    this.entries.delete(key)
    this.entries.set(key, entry)
    if (this.unused > spare) this.drop()
  }

  private drop(): void {
    for (const [key, { program, users }] of this.entries) {
      if (users > 0) continue
      this.entries.delete(key)
      this.device.gl.deleteProgram(program.handle)
      this.unused--
      return
    }
  }
}

const keyOf = ({ vertex, fragment }: Source): string => (fragment.length < vertex.length ? `${vertex}${fragment}` : `${fragment}${vertex}`)

/** Waits for programs without blocking. Where the driver cannot tell when one is there, a fence after all of them can. */
export async function linkAll(device: Device, programs: Iterable<Program>): Promise<void> {
  const waiting = [...programs].filter(p => !p.isLinked)
  if (waiting.length > 0 && device.parallelCompile === null) await fence(device.gl)
  for (const program of waiting) {
    while (!program.isReady() && !device.gl.isContextLost()) await nextTask()
    program.link()
    await nextTask()
  }
}
