/** Calls of public functions as somebody writes them, and wrong ones made of them by one change. */
import type { ErrorKind } from '../../src/errors.ts'
import { CotangentError } from '../../src/errors.ts'
import { ones } from '../../src/numpy/creation.ts'
import { type Tensor, isTensor } from '../../src/tensor.ts'

/** A call of a public function, by the name that the op table knows it by. */
export interface Call {
  readonly name: string
  readonly f: (...args: readonly unknown[]) => unknown
  readonly args: readonly unknown[]
}

/** A call with one change, in words, that makes it wrong. */
export interface Malformed extends Call {
  readonly change: string
  /** Or right after all: null stands for what is left out. */
  readonly mayPass: boolean
}

/** Instead of a tensor. */
const noTensors: readonly unknown[] = ['text', {}, Symbol.iterator, 10n]
/** Instead of one axis or several, at any rank. */
const noAxes: readonly unknown[] = [99, -99, 1.5, NaN, '0', [0, 0], [0, 99], {}]
/** More elements than any array has. Fewer, which memory alone does not hold, cost an engine several collections of garbage a try. */
const HUGE = 2 ** 52
/** Instead of sizes. */
const noShapes: readonly unknown[] = [null, 'text', {}, [-1.5], [NaN], ['2'], [Infinity], [HUGE]]
const noOptions: readonly unknown[] = [0, 'axis', true, [0], () => 0]

/** What stands for options: a plain object, the last argument. */
const isOptions = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype
const isSizes = (x: unknown): x is readonly number[] => Array.isArray(x) && x.length > 0 && x.every(n => typeof n === 'number')

/** All wrong calls that differ from `call` in one argument. `disposed`: a tensor that was given up. */
export function mutations(call: Call, disposed: Tensor): readonly Malformed[] {
  return changes(call, disposed).filter(m => !rightAfterAll(m))
}

/** Text and objects are trees without tensors; keys are made of bigints too. */
const rightAfterAll = ({ name, change }: Malformed): boolean =>
  ['lax.stopGradient', 'lax.optimizationBarrier'].includes(name) || (name === 'random.key' && change.includes('10 for a tensor'))

function changes(call: Call, disposed: Tensor): readonly Malformed[] {
  const { args } = call
  const withArg = (i: number, value: unknown, change: string): Malformed => ({
    ...call,
    args: args.with(i, value),
    change: `argument ${i}: ${change}`,
    mayPass: value === null || (Array.isArray(value) && value[0] === HUGE),
  })
  return args.flatMap((arg, i) => {
    if (isTensor(arg))
      return [
        ...[...noTensors, disposed].map(x => withArg(i, x, `${show(x)} for a tensor`)),
        ...(args.filter(isTensor).length < 2 ? [] : likes(arg)).map(x => ({
          ...withArg(i, x, `${x.dtype}[${x.shape.join()}] for ${arg.dtype}[${arg.shape.join()}]`),
          mayPass: true,
        })),
      ]
    if (isSizes(arg) && call.name !== 'array') return noShapes.map(x => withArg(i, x, `${show(x)} for ${show(arg)}`))
    if (Array.isArray(arg) && arg.some(isTensor))
      return [...noTensors, disposed].map(x => withArg(i, arg.with(arg.findIndex(isTensor), x), `${show(x)} for a tensor in a list`))
    if (isOptions(arg) && i === args.length - 1) return wrongOptions(arg).map(({ value, change }) => withArg(i, value, change))
    // Beyond the parameters that it must have: map's index.
    return typeof arg === 'number' && i < call.f.length
      ? ['text', {}, () => 1].map(x => withArg(i, x, `${show(x)} for the number ${arg}`))
      : []
  })
}

/** Tensors of another type, which only some functions refuse. */
const likes = ({ shape, dtype }: Tensor): readonly Tensor[] => [
  ones([...shape, 2, 3]),
  ones(shape.map(() => 0)),
  ones(shape, { dtype: dtype === 'bool' ? 'int32' : 'bool' }),
]

function wrongOptions(options: Readonly<Record<string, unknown>>): readonly { readonly value: unknown; readonly change: string }[] {
  const field = (name: string, values: readonly unknown[]) =>
    name in options ? values.map(v => ({ value: { ...options, [name]: v }, change: `option ${name}: ${show(v)}` })) : []
  return [
    ...noOptions.map(value => ({ value, change: `${show(value)} for options` })),
    { value: { ...options, axsi: 1 }, change: 'an option that there is not' },
    ...['axis', 'axes'].flatMap(name => field(name, name in options && typeof options[name] !== 'undefined' ? noAxes : [])),
    ...field('dtype', ['float31', 3]),
    ...['mode', 'method', 'side', 'indexing'].flatMap(name => field(name, ['wrong', 3, {}])),
  ]
}

const show = (x: unknown): string => {
  if (isTensor(x)) return 'a disposed tensor'
  return typeof x === 'object' && x !== null ? (JSON.stringify(x) ?? 'an object') : String(x)
}

const accepted: readonly ErrorKind[] = [
  'ShapeError',
  'DTypeError',
  'TreeError',
  'ValueError',
  'GradientError',
  'DisposedError',
  'TracerError',
]

/** What is wrong with how a malformed call ended, or null: it must throw a typed error that names the function. */
export function judge({ name, change, mayPass, f, args }: Malformed): string | null {
  const what = `${name}, ${change}`
  try {
    f(...args)
  } catch (e) {
    if (!(e instanceof CotangentError)) return `${what}: ${String(e)}`
    // The memory that there is not has no name.
    if (e.kind === 'BackendError' && e.summary.includes('out of memory: ') && change.includes(String(HUGE))) return null
    if (!accepted.includes(e.kind)) return `${what}: ${e.kind}: ${e.message}`
    return e.summary.includes(name.split('.').at(-1) as string) ? null : `${what}: the message does not name it: ${e.summary}`
  }
  return mayPass ? null : `${what}: no error`
}
