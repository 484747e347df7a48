/** One entry a public function: how to draw valid inputs, what must be refused, how exact results are, whether it has derivatives. */
import type { OpEntry } from './entry.ts'
import { creation } from './table/creation.ts'
import { elementwise } from './table/elementwise.ts'
import { reductions } from './table/reductions.ts'
import { shapes } from './table/shape.ts'

export const opTable: Readonly<Record<string, OpEntry>> = { ...elementwise, ...reductions, ...shapes, ...creation }
