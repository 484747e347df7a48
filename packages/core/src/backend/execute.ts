/**
 * The one way to run. An eager operation is a Program of one equation, compiled once for each (primitive, params, avals); a jitted function
 * is a Program compiled once. Inputs become buffers, the executable runs, its buffers become Tensors.
 */
import { type Aval, aval, showAval } from '../aval.ts'
import { type DType, type TypedArray, convert, hostArray } from '../dtype.ts'
import { fail, invariant } from '../errors.ts'
import { type Primitive, noParams } from '../primitives/primitive.ts'
import { needsHost, programNeedsHost } from '../program/effects.ts'
import { paramsKey } from '../program/key.ts'
import { type Program, newVar } from '../program/program.ts'
import { type Shape, sizeOf } from '../shape.ts'
import { currentRecorder } from '../spans.ts'
import { Storage, Tensor, failDisposed } from '../tensor.ts'
import type { Backend, Buffer } from './backend.ts'
import { type Compiled, compile } from './compile.ts'
import { currentBackend } from './current.ts'
import { runHostEquation, runInParts } from './stepwise.ts'

/** A concrete tensor with a copy of `data` (row-major, `bool` as bytes 0 and 1) on the backend in use. */
export function fromHost(data: TypedArray, shape: Shape, dtype: DType, backend: Backend = currentBackend()): Tensor {
  invariant(data.length === sizeOf(shape), `fromHost: ${data.length} elements for shape [${shape.join()}]`)
  const type = aval(shape, dtype)
  if (!backend.capabilities.dtypes.includes(dtype))
    fail('DTypeError', `The ${backend.name} backend has no ${dtype}; it has ${backend.capabilities.dtypes.join(', ')}.`)
  return new Tensor(type, new Storage(backend, backend.upload(data, dtype)))
}

/** Sees what ran, with inputs that are still there, and what came out: debug modes. */
export interface RunObserver {
  primitive(primitive: Primitive, inputs: readonly Tensor[], params: object, outputs: readonly Tensor[]): void
  program(program: Program, inputs: readonly Tensor[], outputs: readonly Tensor[]): void
}
let observer: RunObserver | null = null
export function observeRuns(o: RunObserver | null): void {
  observer = o
}
export const runObserver = (): RunObserver | null => observer

/** Runs one primitive on concrete tensors. */
export function execute(primitive: Primitive, inputs: readonly Tensor[], params: object): readonly Tensor[] {
  if (needsHost(primitive, params)) return runHostEquation(primitive, inputs, params, runProgram)
  const backend = backendOf(inputs, primitive.name)
  const key = eagerKey(inputs, params)
  let cache = eagerCache(backend).get(primitive)
  if (cache === undefined) eagerCache(backend).set(primitive, (cache = new Map()))
  let compiled = cache.get(key)
  if (compiled === undefined) {
    compiled = compile(
      oneEquation(
        primitive,
        inputs.map(t => t.aval),
        params,
      ),
      backend,
    )
    remember(cache, key, compiled)
  }
  const outputs = run(compiled, backend, inputs, primitive.name)
  observer?.primitive(primitive, inputs, params, outputs)
  return outputs
}

/** Runs a closed Program on concrete tensors. The same Program object is compiled once a backend and donation pattern. */
export function runProgram(program: Program, inputs: readonly Tensor[], donated?: readonly boolean[], name = 'jit'): readonly Tensor[] {
  if (programNeedsHost(program)) {
    const results = runInParts(program, inputs, runProgram)
    giveUp(inputs, donated)
    return results
  }
  const backend = backendOf(inputs, name)
  if (observer === null) return run(compiledProgram(program, backend, donated), backend, inputs, name, donated)
  const results = run(compiledProgram(program, backend), backend, inputs, name)
  observer.program(program, inputs, results)
  giveUp(inputs, donated)
  return results
}

/** The compiled form of a Program, from the cache. */
export function compiledProgram(program: Program, backend: Backend, donated?: readonly boolean[]): Compiled {
  const { forms, key } = formsOf(program, backend, donated)
  let compiled = forms.get(key)
  if (compiled === undefined) forms.set(key, (compiled = compile(program, backend, donated)))
  return compiled
}

/** The same if it is compiled already. */
export function knownProgram(program: Program, backend: Backend, donated?: readonly boolean[]): Compiled | undefined {
  const { forms, key } = formsOf(program, backend, donated)
  return forms.get(key)
}

export function keepProgram(compiled: Compiled, program: Program, backend: Backend, donated?: readonly boolean[]): void {
  const { forms, key } = formsOf(program, backend, donated)
  forms.set(key, compiled)
}

/** The compiled forms of a Program, and the key of the one that gives these inputs up. */
function formsOf(program: Program, backend: Backend, donated: readonly boolean[] | undefined) {
  const cache = programCache(backend)
  let forms = cache.get(program)
  if (forms === undefined) cache.set(program, (forms = new Map()))
  return { forms, key: donated === undefined ? '' : donated.map(d => (d ? 1 : 0)).join('') }
}

function run(
  compiled: Compiled,
  backend: Backend,
  inputs: readonly Tensor[],
  name: string,
  donated?: readonly boolean[],
): readonly Tensor[] {
  const buffers = buffersOf(inputs, backend, name)
  const results = compiled.graph.outputs.length === 0 ? [] : start(compiled, backend, name, buffers, givable(compiled, inputs, donated))
  const tensors = wrap(compiled, backend, inputs, buffers, results)
  giveUp(inputs, donated)
  return tensors
}

/** Disposes the donated inputs, whose memory results may have by now. */
export function giveUp(inputs: readonly Tensor[], donated: readonly boolean[] | undefined): void {
  donated?.forEach((given, i) => {
    if (given) (inputs[i] as Tensor).dispose()
  })
}

function start(
  compiled: Compiled,
  backend: Backend,
  name: string,
  buffers: readonly Buffer[],
  donated: readonly boolean[] | undefined,
): readonly Buffer[] {
  const recorder = currentRecorder()
  return recorder === null ? compiled.executable.run(buffers, donated) : recorder.run(compiled, backend, name, buffers, donated)
}

/** The donated inputs whose buffers the backend may have: not numbers, which are cached, nor what another tensor or a result shares. */
export function givable(
  { sources }: Compiled,
  inputs: readonly Tensor[],
  donated: readonly boolean[] | undefined,
): readonly boolean[] | undefined {
  return donated?.map((given, i) => {
    const v = (inputs[i] as Tensor).value
    return given && v instanceof Storage && v.alone && !sources.some(s => 'input' in s && s.input === i)
  })
}

/** The results of a Program, from the buffers that its executable returned. */
export function wrap(
  compiled: Compiled,
  backend: Backend,
  inputs: readonly Tensor[],
  buffers: readonly Buffer[],
  results: readonly Buffer[],
): readonly Tensor[] {
  const owned = new Map<Buffer, Storage>()
  return compiled.sources.map(
    (source, i) =>
      new Tensor(
        compiled.avals[i] as Aval,
        'output' in source
          ? ownStorage(owned, results[source.output] as Buffer, backend)
          : shareInput(inputs[source.input] as Tensor, buffers[source.input] as Buffer, backend),
      ),
  )
}

/** Two results may be one buffer. */
function ownStorage(owned: Map<Buffer, Storage>, buffer: Buffer, backend: Backend): Storage {
  const known = owned.get(buffer)
  if (known !== undefined) return known.share()
  const storage = new Storage(backend, buffer)
  owned.set(buffer, storage)
  return storage
}
const shareInput = (t: Tensor, buffer: Buffer, backend: Backend): Storage =>
  t.value instanceof Storage ? t.value.share() : new Storage(backend, buffer, { count: Infinity })

// ---- inputs

/** The backend that all stored inputs live on; the one in use when there is none. */
export function backendOf(inputs: readonly Tensor[], name: string): Backend {
  let found: Backend | null = null
  for (const t of inputs) {
    const v = t.value
    if (!(v instanceof Storage)) continue
    if (found === null) found = v.backend
    else if (found !== v.backend)
      fail(
        'BackendError',
        `${name}: its inputs live on ${found.name === v.backend.name ? `two different ${found.name} backends (was init() called after tensors were made?)` : `the ${found.name} and the ${v.backend.name} backend`}. Move one of them with t.to(backend).`,
      )
  }
  return found ?? currentBackend()
}

export function buffersOf(inputs: readonly Tensor[], backend: Backend, name: string): readonly Buffer[] {
  const buffers = new Array<Buffer>(inputs.length)
  for (let i = 0; i < inputs.length; i++) buffers[i] = bufferOf(inputs[i] as Tensor, backend, name)
  return buffers
}

function bufferOf(t: Tensor, backend: Backend, name: string): Buffer {
  const v = t.value
  if (v instanceof Storage) {
    if (v.disposed) failDisposed(`${name}: an input (${showAval(t.aval)})`)
    return v.buffer
  }
  if ('scalar' in v) return scalarBuffer(v.scalar, t.dtype, backend)
  return fail('InternalError', `${name}: a traced value reached execution`)
}

const SCALARS = 512
const scalars = new WeakMap<Backend, Map<string, Buffer>>()

/** JavaScript numbers as buffers; the recent ones are kept, since loops use the same few again and again. */
function scalarBuffer(value: number, dtype: DType, backend: Backend): Buffer {
  let known = scalars.get(backend)
  if (known === undefined) scalars.set(backend, (known = new Map()))
  const key = `${dtype}${Object.is(value, -0) ? '-0' : value}`
  let buffer = known.get(key)
  if (buffer === undefined) {
    const data = hostArray(dtype, 1)
    data[0] = convert(value, dtype)
    buffer = backend.upload(data, dtype)
    if (known.size >= SCALARS) known.delete(known.keys().next().value as string) // its Buffer is freed when nothing else holds it
    known.set(key, buffer)
  }
  return buffer
}

// ---- caches

/** Compiled eager operations kept for each primitive; the oldest go first. */
const EAGER = 1024
type EagerCache = Map<Primitive, Map<string, Compiled>>
const eager = new WeakMap<Backend, EagerCache>()
const programs = new WeakMap<Backend, WeakMap<Program, Map<string, Compiled>>>()

function eagerCache(backend: Backend): EagerCache {
  let c = eager.get(backend)
  if (c === undefined) eager.set(backend, (c = new Map()))
  return c
}
function programCache(backend: Backend): WeakMap<Program, Map<string, Compiled>> {
  let c = programs.get(backend)
  if (c === undefined) programs.set(backend, (c = new WeakMap()))
  return c
}
function remember(cache: Map<string, Compiled>, key: string, compiled: Compiled): void {
  if (cache.size >= EAGER) {
    const oldest = cache.keys().next().value as string
    cache.get(oldest)?.executable.dispose()
    cache.delete(oldest)
  }
  cache.set(key, compiled)
}

function eagerKey(inputs: readonly Tensor[], params: object): string {
  let key = ''
  for (const t of inputs) key += `${t.aval.id},`
  return params === noParams ? key : `${key};${paramsKey(params)}`
}

function oneEquation(primitive: Primitive, avals: readonly Aval[], params: object): Program {
  const inputs = avals.map(newVar)
  const outputs = primitive.abstractEval(avals, params).map(newVar)
  return { inputs, equations: [{ primitive, inputs, params, outputs }], outputs }
}
