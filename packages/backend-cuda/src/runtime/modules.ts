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
  /** Programs that another thread compiles. */
  private readonly compiling: Map<string, Promise<Uint8Array>> = new Map()
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

  /** Resolves when `take` need not wait for the compiler, which works in another thread meanwhile. Rejects with what it refuses. */
  async ready({ text, functions }: Program): Promise<void> {
    if (functions.length === 0 || this.modules.has(text) || this.cubins.get(text) !== undefined) return
    let compiling = this.compiling.get(text)
    if (compiling === undefined) {
      this.compiled++
      const { device } = this.session
      compiling = this.session.call(() => device.compileAsync(text, this.options)).finally(() => this.compiling.delete(text))
      this.compiling.set(text, compiling)
    }
    const cubin = await compiling.catch((error: unknown) => {
      throw refusal(text, this.session.translate(error))
    })
    this.session.check()
    this.modules.take(text, () => this.keep(text, cubin, functions))
    this.modules.give(text)
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
    return this.keep(text, this.compile(text), functions)
  }

  private keep(text: string, cubin: Uint8Array, functions: readonly ProgramFunction[]): Module {
    const module = this.link(cubin, functions)
    this.cubins.set(text, cubin)
    return module
  }

  private compile(text: string): Uint8Array {
    this.compiled++
    try {
      return this.session.call(() => this.session.device.compile(text, this.options))
    } catch (error) {
      throw refusal(text, error)
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

  /** The addon keeps it until the kernels that wait in the stream have run. */
  private unload({ handle }: Module): void {
    if (this.session.isOpen) this.session.call(() => this.session.device.unload(handle))
  }
}

/** What the compiler says of a program, with its lines numbered. */
function refusal(text: string, error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined
  if (!isDriverError(cause)) return error
  const numbered = text.split('\n').map((line, i) => `${i + 1}: ${line}`)
  return backendError(`cuda: the compiler refused a program: ${cause.message}\n${numbered.join('\n')}`, cause)
}
