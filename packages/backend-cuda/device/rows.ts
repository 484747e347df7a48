/** The rows of the comparison with PyTorch and JAX: bench.py has the same, from the same numbers. */
import type { Precision } from '../src/command.ts'
import { dataOf, transformerSizes } from '../../../bench/rows.ts'
import type { Data, Spec } from '../../../bench/workloads.ts'

export interface DeviceRow {
  readonly name: string
  /** The entry of workloads(), and the name that it gets, which decides what it does. */
  readonly group: string
  readonly as: string
  readonly spec: Spec
  readonly transformer?: Data['XF']
  readonly precisions: readonly Precision[]
}

const training: readonly Precision[] = ['float32', 'tf32']
const large = { B: 8, S: 1024, D: 1024, H: 16, F: 4096 }
const tiny = { B: 1, S: 8, D: 16, H: 2, F: 32 }

/** Of training in bfloat16: what is left in float32 is no product. */
const half: readonly Precision[] = ['float32']

const mlpSpec = (short: boolean): Spec => (short ? { batch: 8, dims: [784, 16, 10] } : { batch: 128, dims: [784, 512, 512, 10] })

/** `short`: sizes that an emulated device computes in a moment. */
export const deviceRows = (short: boolean): readonly DeviceRow[] => [
  { name: 'mlp_train', group: 'mlp', as: 'mlp_train', spec: mlpSpec(short), precisions: training },
  { name: 'mlp_bf16_train', group: 'mlp', as: 'mlp_train', spec: { ...mlpSpec(short), dtype: 'bfloat16' }, precisions: half },
  { name: 'cnn_train', group: 'cnn', as: 'cnn_train', spec: { batch: short ? 1 : 64 }, precisions: short ? ['float32'] : training },
  {
    name: 'xformer_256_train',
    group: 'xformer',
    as: 'xformer_train',
    spec: {},
    transformer: short ? tiny : transformerSizes,
    precisions: training,
  },
  { name: 'xformer_1024_train', group: 'xformer', as: 'xformer_train', spec: {}, transformer: short ? tiny : large, precisions: training },
  {
    name: 'xformer_1024_bf16_train',
    group: 'xformer',
    as: 'xformer_train',
    spec: { dtype: 'bfloat16' },
    transformer: short ? tiny : large,
    precisions: half,
  },
  { name: 'matmul_4096', group: 'matmul', as: 'matmul_4096', spec: { n: short ? 48 : 4096 }, precisions: ['float32', 'tf32', 'bf16'] },
]

export const dataFor = (row: DeviceRow): Data => dataOf(row.transformer ?? transformerSizes)

/** Of the elementwise row `tanh(x) * y + x`, which reads two arrays and writes one. */
export const elementwiseSize = (short: boolean): number => (short ? 1 << 12 : 1 << 26)

/** How often: the rule of the comparison is 20 steps before, then 5 times 100 steps, each hundred ended by one synchronisation. */
export const repetitions = (short: boolean): { readonly before: number; readonly batches: number; readonly steps: number } =>
  short ? { before: 1, batches: 2, steps: 1 } : { before: 20, batches: 5, steps: 100 }
