/**
 * The op table: one entry a public function, which says how to draw valid inputs, what must be refused, how exact results are, and
 * whether there are derivatives. Its types make it complete: an exported function that has no entry does not compile.
 */
import type * as fftOf from '../fft/index.ts'
import type * as imageOf from '../image/index.ts'
import type * as lax from '../lax/index.ts'
import type * as linalgOf from '../linalg/index.ts'
import type * as np from '../numpy/index.ts'
import type * as random from '../random/index.ts'
import type * as signalOf from '../signal/index.ts'
import type * as specialOf from '../special/index.ts'
import type { OpEntry } from './entry.ts'
import { at } from './table/at.ts'
import { calculus } from './table/calculus.ts'
import { collectives, customBatching } from './table/collectives.ts'
import { control } from './table/control.ts'
import { creation } from './table/creation.ts'
import { elementwise } from './table/elementwise.ts'
import { fftTable } from './table/fft.ts'
import { floatParts, laxFloatParts } from './table/floats.ts'
import { functional } from './table/functional.ts'
import { indexing } from './table/indexing.ts'
import { joining } from './table/joining.ts'
import { laxTable } from './table/lax.ts'
import { linalg } from './table/linalg.ts'
import { laxLinalg, linalgTable } from './table/linalgDecompositions.ts'
import { nan } from './table/nan.ts'
import { places } from './table/places.ts'
import { polynomials, products } from './table/polynomial.ts'
import { draw } from './table/random.ts'
import { reductions } from './table/reductions.ts'
import { samplers } from './table/samplers.ts'
import { sets } from './table/sets.ts'
import { shapes } from './table/shape.ts'
import { imageTable, signalTable } from './table/signal.ts'
import { sorting } from './table/sorting.ts'
import { specialTable } from './table/special.ts'
import { statistics } from './table/statistics.ts'

/** Exported functions that are no operations on tensors, and why. */
export const notOperations = {
  numpy: {
    array: 'reads host data',
    shape: 'gives sizes',
    ndim: 'gives a number',
    size: 'gives a number',
    var: 'the same function as variance',
    At: 'a class',
    slice: 'makes an index',
    broadcastShapes: 'gives a shape',
    finfo: 'gives numbers',
    iinfo: 'gives numbers',
    load: 'reads bytes',
    loadz: 'reads bytes',
    save: 'gives bytes',
    savez: 'gives bytes',
    isdtype: 'about dtypes',
    issubdtype: 'about dtypes',
    isscalar: 'about its argument',
    promoteTypes: 'gives a dtype',
    resultType: 'gives a dtype',
  },
  lax: { axisSize: 'gives a number' },
  linalg: { norm: 'the same function as norm', vectorNorm: 'the same function as vectorNorm' },
  special: {
    erf: 'the same function as erf',
    erfc: 'the same function as erfc',
    erfInv: 'the same function as erfInv',
    expit: 'the same function as lax.logistic',
    logsumexp: 'the same function as logsumexp',
  },
  random: { Key: 'a class', keyData: 'gives what the key holds; part of the other entries', wrapKeyData: 'the same' },
} as const

/** One entry for each function of a module, but for those named. */
type Complete<Module, Other> = { readonly [K in Exclude<keyof Module, keyof Other>]: OpEntry }

const numpyTable = {
  ...elementwise,
  ...reductions,
  ...shapes,
  ...creation,
  ...linalg,
  ...indexing,
  ...sorting,
  ...nan,
  ...statistics,
  ...sets,
  ...polynomials,
  ...products,
  ...calculus,
  ...floatParts,
  ...joining,
  ...places,
  ...functional,
} satisfies Complete<typeof np, typeof notOperations.numpy>

const prefixed = (prefix: string, table: Readonly<Record<string, OpEntry>>): Readonly<Record<string, OpEntry>> =>
  Object.fromEntries(Object.entries(table).map(([name, entry]) => [`${prefix}.${name}`, entry]))

/** All entries by name: numpy's functions and the transforms as they are, others as `lax.topK`, `random.normal`. */
export const opTable: Readonly<Record<string, OpEntry>> = {
  ...numpyTable,
  ...control,
  customBatching,
  ...prefixed('at', at),
  ...prefixed('lax', { ...laxTable, ...laxLinalg, ...laxFloatParts, ...collectives } satisfies Complete<
    typeof lax,
    typeof notOperations.lax
  >),
  ...prefixed('fft', fftTable satisfies Complete<typeof fftOf, Record<never, never>>),
  ...prefixed('image', imageTable satisfies Complete<typeof imageOf, Record<never, never>>),
  ...prefixed('signal', signalTable satisfies Complete<typeof signalOf, Record<never, never>>),
  ...prefixed('linalg', linalgTable satisfies Complete<typeof linalgOf, typeof notOperations.linalg>),
  ...prefixed('special', specialTable satisfies Complete<typeof specialOf, typeof notOperations.special>),
  ...prefixed('random', { ...draw, ...samplers } satisfies Complete<typeof random, typeof notOperations.random>),
}

/** A part of the documentation: names of the op table that belong together. */
export interface Chapter {
  readonly chapter: string
  readonly names: readonly string[]
}
const chapter = (name: string, table: object): Chapter => ({ chapter: name, names: Object.keys(table) })
const transforms: Chapter = { chapter: 'transforms', names: Object.keys(opTable).filter(key => !key.includes('.') && !(key in numpyTable)) }
const module = (name: string): Chapter => ({ chapter: name, names: Object.keys(opTable).filter(key => key.startsWith(`${name}.`)) })

/** The op table by chapters, in the order of reading. */
export const chapters: Readonly<Record<string, Chapter>> = {
  Transforms: transforms,
  Elementwise: chapter('numpy', { ...elementwise, ...floatParts }),
  Reductions: chapter('numpy', { ...reductions, ...nan, ...statistics }),
  'Creation and windows': chapter('numpy', { ...creation, ...functional }),
  'Shapes, joining and moving': chapter('numpy', { ...shapes, ...joining }),
  'Indexing, sorting and sets': chapter('numpy', { ...indexing, ...places, ...sorting, ...sets }),
  'Products, polynomials and calculus': chapter('numpy', { ...linalg, ...products, ...polynomials, ...calculus }),
  'at: indices as people write them': module('at'),
  linalg: module('linalg'),
  fft: module('fft'),
  special: module('special'),
  random: module('random'),
  image: module('image'),
  signal: module('signal'),
  lax: module('lax'),
}
