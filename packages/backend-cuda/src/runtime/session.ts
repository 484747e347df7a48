/**
 * The device as the runtime calls it: errors of the driver become BackendErrors, and those after which nothing works end the session.
 * Kernels run later than they are ordered, so that an error names the executables that were ordered since the device was last known to be well.
 */
import { CotangentError, fail } from '@cotangent/core/kernel'
import type { Device } from './addon.ts'
import { backendError, type DriverError, isDriverError, isFatal, isOutOfMemory } from './errors.ts'

/** What an error says of an executable: its kernels. */
export type Names = readonly string[]

interface Ordered {
  readonly names: Names
  /** The number of its latest command buffer. */
  latest: number
}

/** Executables that are remembered for messages. */
const most = 8
/** Kernels that a message names. */
const mostNames = 12

export class Session {
  readonly device: Device
  /** Frees what it can of the device's memory; false if that is nothing. */
  relieve: () => boolean = () => false
  private state: 'open' | 'lost' | 'disposed' = 'open'
  private lost: CotangentError | undefined
  /** Executables that may be under way, the latest last. */
  private ordered: Ordered[] = []
  private count = 0
  /** A word that asynchronous waits read. */
  private beacon = 0

  constructor(device: Device) {
    this.device = device
    try {
      this.beacon = this.call(() => device.allocate(512))
    } catch (error) {
      device.close()
      throw error
    }
  }

  /** Throws a BackendError when the device is gone. */
  check(): void {
    if (this.state === 'open') return
    throw this.lost ?? backendError('cuda: the backend was disposed. Call init() again to get a new one.')
  }

  get isOpen(): boolean {
    return this.state === 'open'
  }

  /** A call of the driver. */
  call<T>(f: () => T): T {
    this.check()
    try {
      return f()
    } catch (error) {
      throw this.translate(error)
    }
  }

  /** A call that may be repeated; when memory is short, memory is freed first. */
  retrying<T>(f: () => T): T {
    this.check()
    try {
      return f()
    } catch (error) {
      if (!isOutOfMemory(error) || !this.relieve()) throw this.translate(error)
    }
    return this.call(f)
  }

  /** Address of new memory, or undefined when there is not enough. */
  allocate(bytes: number): number | undefined {
    this.check()
    try {
      return this.device.allocate(bytes)
    } catch (error) {
      if (isOutOfMemory(error)) return undefined
      throw this.translate(error)
    }
  }

  execute(buffer: ArrayBuffer, words: number, names: Names): void {
    this.remember(names)
    try {
      this.device.execute(buffer, words)
    } catch (error) {
      // The first command may have to load its program; those after one that was ordered cannot be told from what was done.
      if (!isOutOfMemory(error) || (error as DriverError).ordered !== 0 || !this.relieve()) throw this.translate(error)
      this.call(() => this.device.execute(buffer, words))
    }
  }

  /** Executes, waits, and gives the milliseconds between the two by the device's clock. */
  time(buffer: ArrayBuffer, words: number, names: Names): number {
    this.remember(names)
    const milliseconds = this.call(() => this.device.time(buffer, words, 1))
    this.ordered = []
    return milliseconds
  }

  synchronize(): void {
    this.call(() => this.device.synchronize())
    this.ordered = []
  }

  write(address: number, data: ArrayBufferView): void {
    this.retrying(() => this.device.write(address, data))
  }

  /** Fills `into`, waiting. */
  readSync<T extends ArrayBufferView>(address: number, into: T): T {
    this.retrying(() => this.device.readSync(address, into))
    this.ordered = []
    return into
  }

  async read(address: number, bytes: number): Promise<ArrayBuffer> {
    const { count } = this
    try {
      const result = await this.retrying(() => this.device.read(address, bytes))
      this.ordered = this.ordered.filter(({ latest }) => latest > count)
      return result
    } catch (error) {
      throw this.translate(error)
    }
  }

  /** Resolves when all that was ordered before is done. */
  async settled(): Promise<void> {
    await this.read(this.beacon, 4)
  }

  /** Frees all that the device holds. */
  dispose(): void {
    if (this.state === 'disposed') return
    this.state = 'disposed'
    this.lost = undefined
    this.device.close()
  }

  private remember(names: Names): void {
    const last = this.ordered.at(-1)
    this.count++
    if (last?.names === names) last.latest = this.count
    else {
      if (this.ordered.length === most) this.ordered.shift()
      this.ordered.push({ names, latest: this.count })
    }
  }

  /** The error for users. Fatal ones end the session. */
  translate(error: unknown): Error {
    if (error instanceof CotangentError) return error
    // A read that was under way when the session ended.
    if (this.state === 'disposed') return backendError('cuda: the backend was disposed before this was done.', error)
    if (this.lost !== undefined) return this.lost
    // Of a read: no ArrayBuffer is so long, or there is no memory for it.
    if (error instanceof RangeError) return backendError(`cuda: a tensor cannot be read: ${error.message}. Read smaller parts.`, error)
    if (!isDriverError(error)) return internal(error)
    if (isOutOfMemory(error)) return backendError(`cuda: out of memory: ${error.message}. ${remedy}`, error)
    if (!isFatal(error)) return backendError(`cuda: ${error.message}`, error)
    this.state = 'lost'
    this.lost = backendError(
      `cuda: ${error.message}. ${this.suspects()}The device's context is lost, and with it all tensors: ` +
        'call init() again and load what you saved.',
      error,
    )
    // Until everybody has let go of a context that failed, the driver gives it to whoever asks for one.
    this.device.close()
    return this.lost
  }

  private suspects(): string {
    const names = [...new Set(this.ordered.toReversed().flatMap(o => o.names))]
    if (names.length === 0) return ''
    const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : ''
    return `It happened in one of the kernels ordered since the last wait: ${names.slice(0, mostNames).join(', ')}${more} (the option debug finds which). `
  }
}

export const remedy = 'Drop references to tensors that are no longer needed, dispose() them, or use smaller batches.'

/** A command buffer that was refused, or what else ought not to happen. */
function internal(error: unknown): Error {
  try {
    const message = error instanceof Error ? error.message : String(error)
    return fail('InternalError', `cuda: ${message}. This is a fault in Cotangent: please report it.`, error)
  } catch (e) {
    return e as Error
  }
}
