/** JAX's promotion lattice in 32-bit mode (https://docs.jax.dev/en/latest/type_promotion.html). */
import { type DType, isFloat, isInteger } from './dtype.ts'

/** A dtype with JAX's weak flag: weak types come from JavaScript numbers and yield to any other dtype of their kind. */
export interface WeakDType {
  readonly dtype: DType
  readonly weak: boolean
}

type Node = DType | 'integer~' | 'float~'

/** What lies directly above. Without 64 bits int32 stands for JAX's int64, without 16 bits for int16: int8 with uint8 gives int32, as do int32 and uint32. */
const above = {
  bool: ['integer~'],
  'integer~': ['uint8', 'int8'],
  uint8: ['uint32'],
  int8: ['int32'],
  uint32: ['int32'],
  int32: ['float~'],
  'float~': ['float16', 'bfloat16'],
  float16: ['float32'],
  bfloat16: ['float32'],
  float32: ['float64'],
  float64: [],
} as const satisfies Readonly<Record<Node, readonly Node[]>>

const upwards = (n: Node): ReadonlySet<Node> => new Set([n, ...above[n].flatMap(next => [...upwards(next)])])
const upper: Partial<Record<Node, ReadonlySet<Node>>> = {}
const upperOf = (n: Node): ReadonlySet<Node> => (upper[n] ??= upwards(n))

const nodeOf = ({ dtype, weak }: WeakDType): Node => (!weak ? dtype : isFloat(dtype) ? 'float~' : isInteger(dtype) ? 'integer~' : dtype)

/** The join of two dtypes: the least one above both. float64 only where an operand has it. */
export function promote(a: WeakDType, b: WeakDType): WeakDType {
  const x = nodeOf(a),
    y = nodeOf(b)
  if (upperOf(y).has(x)) return { dtype: a.dtype, weak: a.weak }
  if (upperOf(x).has(y)) return { dtype: b.dtype, weak: b.weak }
  // Neither is above the other: both have a strong dtype above, the lowest first.
  const common = [...upperOf(x)].filter(n => upperOf(y).has(n))
  const least = common.find(n => common.every(m => upperOf(n).has(m)))
  return { dtype: least as DType, weak: false }
}
