/** Program texts to functions of the device, by way of the caches. */
import { backendError, isDriverError } from './errors.ts'
import { Cubins } from './cubins.ts'
import type { Program, ProgramFunction } from './program.ts'
import type { Session } from './session.ts'
import { Shared } from './shared.ts'

interface Module {
  readonly handle: number
  /** Handles of its functions. */
  readonly functions: readonly number[]
}

/** Modules without users that are kept. */
const spare = 64

export class Modules {
  private readonly session: Session
  private readonly options: readonly string[]
  private readonly cubins: Cubins
  private readonly modules: Shared<string, Module>
  /** Programs that went through the compiler. */
  compiled = 0

  /** `folder`: of the cache on disk. `compiler`: tells NVRTCs of one version apart. */
  constructor(session: Session, folder: string | undefined, compiler: string) {
    const { capability, compilerVersion } = session.device.properties
    this.session = session
    this.options = [`--gpu-architecture=sm_${capability}`, '--std=c++17', '--fmad=true', '-default-device']
    this.cubins = new Cubins(folder, [compiler, ...compilerVersion, ...this.options].join(' '))
    this.modules = new Shared(spare, module => this.unload(module))
  }

  /** Handles of the program's functions. `give` the program back when they are not used any more. */
  take({ text, functions }: Program): readonly number[] {
    return functions.length === 0 ? [] : this.modules.take(text, () => this.load(text, functions)).functions
  }

  give({ text, functions }: Program): void {
    if (functions.length > 0) this.modules.give(text)
  }

  private load(text: string, functions: readonly ProgramFunction[]): Module {
    const known = this.cubins.get(text)
    if (known !== undefined) {
      try {
        return this.link(known, functions)
      } catch (error) {
        if (!this.session.isOpen) throw error
        this.cubins.delete(text)
      }
    }
    const cubin = this.compile(text)
    const module = this.link(cubin, functions)
    this.cubins.set(text, cubin)
    return module
  }

  private compile(text: string): Uint8Array {
    this.compiled++
    try {
      return this.session.call(() => this.session.device.compile(text, this.options))
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined
      if (!isDriverError(cause)) throw error
      const numbered = text.split('\n').map((line, i) => `${i + 1}: ${line}`)
      throw backendError(`cuda: the compiler refused a program: ${cause.message}\n${numbered.join('\n')}`, cause)
    }
  }

  private link(cubin: Uint8Array, functions: readonly ProgramFunction[]): Module {
    const { session } = this,
      { device } = session
    const handle = session.retrying(() => device.load(cubin))
    try {
      return { handle, functions: functions.map(({ name, parameters }) => session.call(() => device.function(handle, name, parameters))) }
    } catch (error) {
      if (session.isOpen) device.unload(handle)
      throw error
    }
  }

  /** Its kernels may be waiting in the stream. */
  private unload({ handle }: Module): void {
    if (!this.session.isOpen) return
    this.session.synchronize()
    this.session.call(() => this.session.device.unload(handle))
  }
}
