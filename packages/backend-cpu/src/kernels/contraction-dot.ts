/**
 * The micro-kernel for one row where the reduced axis is contiguous in both operands (matrix times vector, dot product): vectors run along
 * the reduced axis, one chain of sums for each column, and the lanes are added up at the end.
 */
import { type Local, V128, type WasmFunction } from '../wasm/assembler.ts'
import { loadLanes } from './contraction-micro.ts'
import { contraction } from '../tuning.ts'

export interface Dot {
  readonly columns: number
  /** Bytes from column to column of b; not negative. */
  readonly columnStep: number
  /** Length of the reduced axis. */
  readonly count: number
  readonly fma: boolean
}

/** Emits the sums, four columns a vector. `pa` and `pb` are consumed. */
export function emitDot(f: WasmFunction, dot: Dot, pa: Local, pb: Local): Local[] {
  const { columns, count } = dot
  const unroll = Math.max(1, Math.floor(contraction.chains / columns))
  const chains = Array.from({ length: columns }, () => Array.from({ length: unroll }, () => f.local(V128)))
  const a = f.local(V128)
  const vectors = Math.floor(count / 4)
  const step = (u: number, at: number, lanes: number): void => {
    loadLanes(f, () => f.get(pa), at, lanes).set(a)
    chains.forEach((chain, c) => {
      const sum = chain[u] as Local
      const b = (): WasmFunction => loadLanes(f, () => f.get(pb), c * dot.columnStep + at, lanes)
      if (dot.fma) {
        f.get(a)
        b().get(sum).relaxedMadd().set(sum)
      } else {
        f.get(sum).get(a)
        b().vfmul().vfadd().set(sum)
      }
    })
  }
  f.repeat(Math.floor(vectors / unroll), () => {
    for (let u = 0; u < unroll; u++) step(u, 16 * u, 4)
    f.bump(pa, 16 * unroll).bump(pb, 16 * unroll)
  })
  const rest = vectors % unroll
  for (let u = 0; u < rest; u++) step(u, 16 * u, 4)
  if (count % 4 !== 0) step(0, 16 * rest, count % 4)
  const totals = chains.map((chain) => addAll(f, chain))
  return Array.from({ length: Math.ceil(columns / 4) }, (_, j) => transposeAndAdd(f, totals.slice(4 * j, 4 * j + 4)))
}

/** Adds in a tree. */
function addAll(f: WasmFunction, terms: readonly Local[]): Local {
  if (terms.length === 1) return terms[0] as Local
  const half = Math.ceil(terms.length / 2)
  return add(f, addAll(f, terms.slice(0, half)), addAll(f, terms.slice(half)))
}

function add(f: WasmFunction, x: Local, y: Local): Local {
  const sum = f.local(V128)
  f.get(x).get(y).vfadd().set(sum)
  return sum
}

/** Lane c of the result is the sum of the lanes of vector c. */
function transposeAndAdd(f: WasmFunction, vectors: readonly Local[]): Local {
  const nothing = f.local(V128)
  const at = (c: number): Local => vectors[c] ?? nothing
  const fold = (x: Local, y: Local, low: readonly number[], high: readonly number[]): Local => {
    const sum = f.local(V128)
    f.get(x).get(y).vShuffle32(low).get(x).get(y).vShuffle32(high).vfadd().set(sum)
    return sum
  }
  const pair = (c: number): Local => fold(at(c), at(c + 1), [0, 4, 1, 5], [2, 6, 3, 7])
  return fold(pair(0), pair(2), [0, 1, 4, 5], [2, 3, 6, 7])
}
