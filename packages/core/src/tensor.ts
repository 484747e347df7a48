/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Tensor: an immutable n-dimensional array. It is a handle, either to a buffer on a backend or, while a function is traced, to a tracer.
 * Operations are functions (`add(x, y)`); the methods here are the same functions for chaining.
 */
import { type Aval, aval, showAval } from './aval.ts'
import type { Backend, Buffer } from './backend/backend.ts'
import { fromHost } from './backend/execute.ts'
import type { DType, TypedArray } from './dtype.ts'
import { fail } from './errors.ts'
import { formatArray } from './format.ts'
import { hostScalar, nest } from './host.ts'
import { At } from './numpy/at.ts'
import type { AtIndex } from './numpy/atIndex.ts'
import * as np from './numpy/index.ts'
import { originOf, type TracerValue } from './program/bind.ts'
import { trackStorage } from './region.ts'
import { type Shape, showShape } from './shape.ts'
import { span } from './spans.ts'

/** What functions accept where a tensor is meant: a number or boolean is a scalar of weak type. */
export type TensorLike = Tensor | number | boolean

/** Nested arrays of numbers or booleans, as `toArray` returns them. */
export type NestedArray = number | boolean | readonly NestedArray[]

export interface Reduce {
  /** The axis or axes to reduce; negative ones count from the end. Default: all. */
  readonly axis?: number | readonly number[]
  /** Keep reduced axes with size 1. Default false. */
  readonly keepdims?: boolean
}

/** A concrete tensor's memory. Tensors made by `reshape` share a buffer; it is freed at once when the last of them is disposed. */
export class Storage {
  readonly backend: Backend
  readonly buffer: Buffer
  private readonly owners: { count: number }
  disposed = false

  constructor(backend: Backend, buffer: Buffer, owners: { count: number } = { count: 1 }) {
    this.backend = backend
    this.buffer = buffer
    this.owners = owners
    trackStorage(this)
  }
  share(): Storage {
    this.owners.count++
    return new Storage(this.backend, this.buffer, this.owners)
  }
  /** Nothing else shares the buffer, so it may be given away. */
  get alone(): boolean {
    return this.owners.count === 1
  }
  dispose(): void {
    if (this.disposed) return
    this.disposed = true
    if (--this.owners.count === 0) this.backend.free(this.buffer)
  }
}

/** A JavaScript number that has not been uploaded (yet). */
export interface ScalarValue {
  readonly scalar: number
}
export type TensorValue = Storage | ScalarValue | TracerValue

/** Where JavaScript looks for properties that tensors do not have: `x[0]` and `x[0] = 1` fail with a hint, instead of silence. */
const elements: object = new Proxy(Object.prototype, {
  get(target, property, receiver) {
    const name = typeof property === 'string' ? property : ''
    if (/^-?\d+$/.test(name)) fail('ValueError', `x[${name}]: JavaScript cannot index tensors. Write x.at(${name}).get().`)
    return Reflect.get(target, property, receiver) as unknown
  },
  set(_, property) {
    const name = String(property)
    return fail(
      'ValueError',
      /^\d+$/.test(name)
        ? `x[${name}] = v: tensors do not change. x.at(${name}).set(v) gives a new one.`
        : `x.${name} = v: tensors do not change and take no properties. Elements: x.at(i).set(v).`,
    )
  },
})

export class Tensor {
  static {
    Object.setPrototypeOf(Tensor.prototype, elements)
  }
  /** @internal */
  readonly aval: Aval
  /** @internal */
  readonly value: TensorValue

  /** @internal Use `array`, `scalar`, `zeros`, ... */
  constructor(type: Aval, value: TensorValue) {
    this.aval = type
    this.value = value
    Object.freeze(this)
  }

  /** Sizes of the axes; `[]` for a scalar. */
  get shape(): Shape {
    return this.aval.shape
  }
  get dtype(): DType {
    return this.aval.dtype
  }
  /** Number of axes. */
  get ndim(): number {
    return this.aval.shape.length
  }
  /** Number of elements. */
  get size(): number {
    return this.aval.size
  }

  // ---- arithmetic (NumPy broadcasting, JAX promotion)
  add(y: TensorLike): Tensor {
    return np.add(this, y)
  }
  sub(y: TensorLike): Tensor {
    return np.subtract(this, y)
  }
  mul(y: TensorLike): Tensor {
    return np.multiply(this, y)
  }
  div(y: TensorLike): Tensor {
    return np.divide(this, y)
  }
  pow(y: TensorLike): Tensor {
    return np.power(this, y)
  }
  neg(): Tensor {
    return np.negative(this)
  }
  matmul(y: Tensor): Tensor {
    return np.matmul(this, y)
  }
  // ---- comparison: elementwise, dtype bool
  equal(y: TensorLike): Tensor {
    return np.equal(this, y)
  }
  greater(y: TensorLike): Tensor {
    return np.greater(this, y)
  }
  less(y: TensorLike): Tensor {
    return np.less(this, y)
  }
  // ---- reductions
  sum(options?: np.Total): Tensor {
    return np.sum(this, options)
  }
  mean(options?: np.Mean): Tensor {
    return np.mean(this, options)
  }
  max(options?: np.ReduceFrom): Tensor {
    return np.max(this, options)
  }
  min(options?: np.ReduceFrom): Tensor {
    return np.min(this, options)
  }
  // ---- shape
  reshape(shape: Shape): Tensor {
    return np.reshape(this, shape)
  }
  transpose(axes?: readonly number[]): Tensor {
    return np.transpose(this, axes)
  }
  astype(dtype: DType): Tensor {
    return np.astype(this, dtype)
  }
  /** Rows `start` to `end` of the first axis; negative indices count from the end. */
  slice(start: number, end?: number): Tensor {
    return np.sliceAxis(this, start, end)
  }
  /**
   * A part of the tensor, to read or to rewrite: `x.at(0, '1:3').get()` is NumPy's `x[0, 1:3]`, `x.at(i).set(v)` is JAX's `x.at[i].set(v)`: a new tensor. An
   * integer that is out of range throws; for index tensors `mode` says what happens.
   *
   * @example x.at('...', null, slice(null, null, -1)).get()
   * @example counts.at(ids).add(1)
   */
  at(...indices: readonly AtIndex[]): At {
    return new At(this, indices)
  }

  // ---- reading: these leave the library
  /** Copies the elements out, row-major. Booleans come as bytes 0 and 1. Rejects when the device failed. */
  async data(): Promise<TypedArray> {
    const s = this.concrete('data')
    return s instanceof Storage ? span('read', showAval(this.aval), () => s.backend.read(s.buffer)) : hostScalar(s.scalar, this.dtype)
  }
  /** Like `data`, but waits; blocks the thread. */
  dataSync(): TypedArray {
    const s = this.concrete('dataSync')
    return s instanceof Storage ? span('read', showAval(this.aval), () => s.backend.readSync(s.buffer)) : hostScalar(s.scalar, this.dtype)
  }
  /** The elements as nested arrays of numbers (booleans for dtype bool). */
  async toArray(): Promise<NestedArray> {
    return nest(await this.data(), this.shape, this.dtype)
  }
  /** The only element as a JavaScript number (0 or 1 for bool). Throws a ShapeError when there is not exactly one. */
  item(): number {
    const s = this.concrete('item')
    if (this.size !== 1)
      fail('ShapeError', `item: the tensor has shape ${showShape(this.shape)}, not one element. Use dataSync() or index it first.`)
    return s instanceof Storage ? (this.dataSync()[0] as number) : s.scalar
  }

  /** A copy on another backend (`(await init(...)).backend`); the same tensor if it is there already. */
  async to(backend: Backend): Promise<Tensor> {
    const s = this.concrete('to')
    if (s instanceof Storage && s.backend === backend) return this
    return fromHost(await this.data(), this.shape, this.dtype, backend)
  }

  // ---- memory: optional, memory is reclaimed without it
  /** Frees the memory now. Using the tensor later throws a DisposedError. Idempotent; does nothing while traced. */
  dispose(): void {
    if (this.value instanceof Storage) this.value.dispose()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  // ---- printing
  /** As NumPy prints, large arrays with their middle elided. */
  toString(): string {
    if ('trace' in this.value) return `Traced<${showAval(this.aval)}>`
    if (this.value instanceof Storage && this.value.disposed) return `Disposed<${showAval(this.aval)}>`
    return `Tensor(${formatArray(this.dataSync(), this.shape, this.dtype, 'Tensor('.length)}, dtype=${this.dtype})`
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  /** For `JSON.stringify`: nested arrays, as of `toArray`, or a number. It waits. A traced value throws. */
  toJSON(): NestedArray {
    this.concrete('JSON.stringify')
    return nest(this.dataSync(), this.shape, this.dtype)
  }

  /** `${t}` prints, also while traced; `t > 0`, `+t`, `t + 1` throw, since JavaScript has no operators on tensors. */
  [Symbol.toPrimitive](hint: string): string {
    const { value } = this
    if (hint === 'string')
      return 'trace' in value
        ? `${this.toString()} (no numbers while ${value.trace.what} traces; return it and print it outside)`
        : this.toString()
    if ('trace' in value)
      fail(
        'TracerError',
        `\`x > 0\` and \`+x\` do not work on a value (${showAval(this.aval)}) that ${value.trace.what} traces: it has no number to compare. Use where(x.greater(0), a, b), cond or scan; under grad alone, x.item() is the number.`,
      )
    return fail(
      'ValueError',
      `JavaScript operators do not work on tensors. Use x.add(y), x.greater(0), ..., or x.item() for the number of a scalar.`,
    )
  }

  private concrete(what: string): Storage | ScalarValue {
    const v = this.value
    if ('trace' in v && v.trace.alive && v.primal !== undefined) return v.primal.concrete(what)
    if ('trace' in v)
      return fail(
        'TracerError',
        `${what}: the value (${showAval(this.aval)}, ${originOf(v)}) is traced by ${v.trace.what} and has no number yet. Branch with where, cond or switch_, loop with scan or whileLoop, or return the value and read it outside.`,
      )
    if (v instanceof Storage && v.disposed) return failDisposed(`${what}: the tensor (${showAval(this.aval)})`)
    return v
  }
}

/** `what`: the operation and its operand. */
export function failDisposed(what: string): never {
  fail(
    'DisposedError',
    `${what} was disposed: by dispose(), by \`using\`, or as a donated argument of jit. Use it before that, or leave it to the garbage collector.`,
  )
}

export const isTensor = (x: unknown): x is Tensor => x instanceof Tensor
const weakScalar: Aval = aval([], 'float32', true)
const boolScalar: Aval = aval([], 'bool', false)

/** A tensor for what an operation was given: numbers become weak float32 scalars, booleans bool scalars. */
export function toTensor(x: TensorLike, where: string): Tensor {
  if (x instanceof Tensor) {
    // Here the function has the name that its caller knows.
    if (x.value instanceof Storage && x.value.disposed) failDisposed(`${where}: a tensor (${showAval(x.aval)})`)
    return x
  }
  if (typeof x === 'number') return new Tensor(weakScalar, { scalar: x })
  if (typeof x === 'boolean') return new Tensor(boolScalar, { scalar: x ? 1 : 0 })
  return fail(
    'TreeError',
    `${where}: expected a tensor or a number, got ${x === null ? 'null' : Array.isArray(x) ? 'an array: wrap it in array(...)' : typeof x}.`,
  )
}
