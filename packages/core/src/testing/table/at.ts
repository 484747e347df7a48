/** `x.at(...)`: indices of all kinds, mixed. */
import fc from 'fast-check'
import type { DType } from '../../dtype.ts'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import { jit } from '../../transforms/jit.ts'
import type { InputSpec } from '../case.ts'
import type { Accuracy } from '../compare.ts'
import { type OpEntry, type Refusal, all, arbShapeOf, drawn, exact, indices, input, numbers, refusal, summed, text } from '../entry.ts'

const m23 = (): Tensor => np.ones([2, 3])
const end = fc.option(fc.integer({ min: -5, max: 5 }), { nil: null })

/** What an axis may get. */
const arbKind = fc.oneof(
  fc.record({ kind: fc.constant('integer' as const), pick: fc.nat(7) }),
  fc.record({ kind: fc.constant('slice' as const), start: end, stop: end, step: fc.constantFrom(1, 2, -1, -2), isText: fc.boolean() }),
  fc.record({ kind: fc.constant('tensor' as const), shape: fc.constantFrom([], [2], [1], [3, 1], [3, 2]) }),
  fc.record({ kind: fc.constant('list' as const), picks: fc.tuple(fc.nat(7), fc.nat(7)) }),
  fc.record({ kind: fc.constant('mask' as const), bits: fc.nat(15) }),
  fc.record({ kind: fc.constant('new' as const) }),
  fc.record({ kind: fc.constant('whole' as const) }),
)
type Kind = typeof arbKind extends fc.Arbitrary<infer K> ? K : never
const arbIndices = fc.record({
  shape: arbShapeOf(1, 3, 1),
  kinds: fc.array(arbKind, { maxLength: 4 }),
  dots: fc.option(fc.nat(3), { nil: null }),
})
type Indices = typeof arbIndices extends fc.Arbitrary<infer I> ? I : never

const isAdvanced = ({ kind }: Kind): boolean => kind === 'tensor' || kind === 'list' || kind === 'mask'

/** The indices, with a number for each index tensor, and the inputs that these are. */
function build({ shape, kinds, dots }: Indices): {
  readonly made: readonly (np.AtIndex | 'tensor')[]
  readonly inputs: readonly InputSpec[]
} {
  const fitting: Kind[] = []
  for (const k of kinds) if (k.kind === 'new' || fitting.filter(f => f.kind !== 'new').length < shape.length) fitting.push(k)
  const alone = fitting.filter(isAdvanced).length === 1
  const split = dots === null ? fitting.length : Math.min(dots, fitting.length)
  const inputs: InputSpec[] = []
  let axis = 0
  const one = (k: Kind): np.AtIndex | 'tensor' => {
    if (k.kind === 'new') return null
    const n = shape[axis++] as number,
      near = (pick: number): number => (pick % (2 * n)) - n
    switch (k.kind) {
      case 'integer':
        return near(k.pick)
      case 'slice':
        return k.isText ? `${k.start ?? ''}:${k.stop ?? ''}:${k.step}` : np.slice(k.start, k.stop, k.step)
      case 'tensor':
        inputs.push(indices(k.shape, n, true))
        return 'tensor'
      case 'mask':
        return alone ? Array.from({ length: n }, (_, i) => ((k.bits >> i) & 1) === 1) : [near(k.bits)]
      case 'list':
        return k.picks.map(near)
      case 'whole':
        return ':'
    }
  }
  const front = fitting.slice(0, split).map(one)
  if (dots === null) return { made: front, inputs }
  const back = fitting.slice(split)
  axis = shape.length - back.filter(k => k.kind !== 'new').length
  return { made: [...front, '...', ...back.map(one)], inputs }
}

const filled = (made: readonly (np.AtIndex | 'tensor')[], tensors: readonly Tensor[]): readonly np.AtIndex[] => {
  let next = 0
  return made.map(i => (i === 'tensor' ? (tensors[next++] as Tensor) : i))
}

const refusedIndices = (name: string, f: (part: np.At) => unknown): readonly Refusal[] => [
  refusal('an integer out of range', 'ValueError', [name, 'index 3', 'axis 1', '[2, 3]'], () => f(m23().at(0, 3))),
  refusal('the same, traced', 'ValueError', [name, 'index -3', 'axis 0'], () => jit((x: Tensor) => f(x.at(-3)) as Tensor)(m23())),
  refusal('a list out of range', 'ValueError', [name, 'index 2', 'axis 0'], () => f(m23().at([0, 2]))),
  refusal('more indices than axes', 'ShapeError', [name, '3 indices', '[2, 3]'], () => f(m23().at(0, 0, 0))),
  refusal('two ellipses', 'ValueError', [name, '...'], () => f(m23().at('...', '...'))),
  refusal('text', 'ValueError', [name, 'a:b'], () => f(m23().at('a:b'))),
  refusal('a step of zero', 'ValueError', ['slice', '0'], () => f(m23().at('::0'))),
  refusal('indices that are no integers', 'DTypeError', [name, 'float32'], () => f(m23().at(np.ones([2])))),
  refusal('a mask that does not fit', 'ShapeError', [name, '[3]', '[2, 3]'], () => f(m23().at([true, false, true]))),
  refusal('an unknown mask', 'TracerError', [name, 'where(mask'], () => jit((x: Tensor) => f(x.at(np.greater(x, 0), 0)) as Tensor)(m23())),
]

type Update = (part: np.At, values: Tensor, options?: np.AtUpdate) => Tensor
const update = (name: string, f: Update, accuracy: Accuracy, dtypes: readonly DType[] = numbers): OpEntry => ({
  cases: fc.oneof(
    {
      weight: 3,
      arbitrary: drawn(
        fc.record({
          indices: arbIndices,
          mode: fc.constantFrom('drop' as const, 'clip' as const),
          dtype: fc.constantFrom(...dtypes),
          one: fc.boolean(),
        }),
        ({ indices: drawnIndices, mode, dtype, one }) => {
          const { made, inputs } = build(drawnIndices)
          return {
            inputs: [input(drawnIndices.shape, dtype), input(one ? [] : [30], dtype, [0.5, 2]), ...inputs],
            call: (x, v, ...tensors) => {
              const part = (x as Tensor).at(...filled(made, tensors))
              return f(part, one ? (v as Tensor) : np.resize(v as Tensor, part.get().shape), { mode })
            },
            options: { made, mode },
          }
        },
      ),
    },
    {
      weight: 1,
      // A mask that jit does not know, with one value.
      arbitrary: drawn(
        fc.record({ shape: arbShapeOf(1, 3), axes: fc.nat(2), dtype: fc.constantFrom(...dtypes) }),
        ({ shape, axes, dtype }) => ({
          inputs: [input(shape, dtype), input([], dtype, [0.5, 2]), input(shape.slice(0, 1 + axes), 'bool')],
          call: (x, v, mask) => f((x as Tensor).at(mask as Tensor), v as Tensor),
        }),
      ),
    },
  ),
  accuracy,
  differentiable: true,
  refused: [
    ...refusedIndices(name, part => f(part, np.scalar(1))),
    refusal('values that do not fit', 'ShapeError', [name, '[4]', '[3]'], () => f(m23().at(0), np.ones([4]))),
    refusal('values of a wider dtype', 'DTypeError', [name, 'int32', 'float32'], () => f(m23().astype('int32').at(0), np.ones([3]))),
    refusal('no tensor', 'TreeError', [name], () => f(m23().at(0), text)),
    refusal('an unknown mode', 'ValueError', [name, 'fill'], () => f(m23().at(0), np.scalar(1), { mode: 'fill' as never })),
  ],
})

export const at = {
  get: {
    cases: drawn(
      fc.record({ indices: arbIndices, clips: fc.boolean(), dtype: fc.constantFrom(...all) }),
      ({ indices: drawnIndices, clips, dtype }) => {
        const { made, inputs } = build(drawnIndices)
        return {
          inputs: [input(drawnIndices.shape, dtype), ...inputs],
          call: (x, ...tensors) => (x as Tensor).at(...filled(made, tensors)).get(clips ? { mode: 'clip' } : { fillValue: 0 }),
          options: { made, clips },
        }
      },
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      ...refusedIndices('at.get', part => part.get()),
      refusal('an unknown mode', 'ValueError', ['at.get', 'drop'], () =>
        m23()
          .at(0)
          .get({ mode: 'drop' as never }),
      ),
    ],
  },
  set: update('at.set', (part, v, o) => part.set(v, o), exact, all),
  add: update('at.add', (part, v, o) => part.add(v, o), summed()),
  multiply: update('at.multiply', (part, v, o) => part.multiply(v, o), { ulp: 32, of: 'element', reason: 'products of several factors' }),
  min: update('at.min', (part, v, o) => part.min(v, o), exact),
  max: update('at.max', (part, v, o) => part.max(v, o), exact),
} satisfies Record<string, OpEntry>
