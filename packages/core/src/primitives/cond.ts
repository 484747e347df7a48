/**
 * One of several Programs, chosen by an int32 index that is clamped to the range (JAX: cond, switch). Inputs: the index, then the operands of every
 * branch. Each rule transforms all branches alike.
 */
import { type Aval, aval, showAval, varyingAlso, varyingOfAny } from '../aval.ts'
import { fail } from '../errors.ts'
import { identity } from '../identity.ts'
import { bind } from '../program/bind.ts'
import { evaluateProgram } from '../program/evaluate.ts'
import type { Program } from '../program/program.ts'
import type { Tensor } from '../tensor.ts'
import {
  type Closed,
  type LinearProgram,
  avalsOf,
  batchProgram,
  bits,
  cachedFor,
  jvpProgram,
  linearizeProgram,
  pick,
  runInline,
  spread,
  traceClosed,
  transposeProgram,
  varyingProgram,
} from '../transforms/programs.ts'
import { frontAxes, inFront, nonzero, present } from './call.ts'
import { equal, greaterEqual } from './comparison.ts'
import { checkTypes, joinConsts, outputTypes, storeAll, storedForBody } from './control.ts'
import { type CallPrimitive, isUnknown } from './primitive.ts'
import { reshape } from './reshape.ts'
import { where } from './select.ts'
import { zerosOf } from './zeros.ts'

export interface CondParams {
  readonly branches: readonly Program[]
}
type Mask = readonly boolean[]

const bindBranches = (index: Tensor, branches: readonly Closed[], operands: readonly Tensor[]): readonly Tensor[] => {
  const { programs, consts } = joinConsts(branches)
  return bind(condP, [index, ...consts, ...operands], { branches: programs })
}
const any = (masks: readonly Mask[]): Mask => (masks[0] as Mask).map((_, i) => masks.some(m => m[i]))

export const condP: CallPrimitive<CondParams> = {
  name: 'cond',
  inputs: ['index', 'operand'],
  abstractEval([index, ...operands], { branches }) {
    if (index === undefined || index.dtype !== 'int32' || index.shape.length > 0)
      fail('DTypeError', `cond: the index must be an int32 scalar, got ${index === undefined ? 'nothing' : showAval(index)}.`)
    const out = outputTypes(branches[0] as Program)
    branches.forEach((b, i) => {
      checkTypes(`cond: operands of branch ${i}`, avalsOf(b), operands)
      checkTypes(`cond: results of branch ${i}`, out, outputTypes(b))
    })
    return branchTypes(index, branches)
  },
  jvpCall([index, ...operands], [, ...tangents], { branches }) {
    const wrt = nonzero(tangents)
    const out = any(branches.map(b => jvpProgram(b, wrt).nonzero))
    const results = bindBranches(
      index as Tensor,
      branches.map(b => jvpProgram(b, wrt, out)),
      [...operands, ...present(tangents)],
    )
    const n = out.length
    return [results.slice(0, n), spread(results.slice(n), out)]
  },
  linearizeCall([index, ...operands], [, ...tangents], { branches }) {
    const wrt = nonzero(tangents)
    const split = cachedFor(branches[0] as Program, `cond ${branches.map(identity).join()} ${bits(wrt)}`, () =>
      linearizeBranches(branches, wrt),
    )
    const results = bindBranches(index as Tensor, split.primal, operands)
    const linear =
      split.tangent[0]?.program.outputs.length === 0
        ? []
        : bindBranches(index as Tensor, split.tangent, [...operands, ...results, ...present(tangents)])
    return [results.slice(0, split.nonzero.length), spread(linear, split.nonzero)]
  },
  transpose(cts, [index, ...operands], { branches }) {
    const linear = operands.map(isUnknown)
    const { varying } = (index as Tensor).aval,
      out = branchTypes((index as Tensor).aval, branches)
    const transposed = branches.map(b => transposeProgram(varyingProgram(b, varying, out), linear, nonzero(cts), linear))
    const known = operands.filter((x): x is Tensor => !isUnknown(x))
    return [null, ...spread(bindBranches(index as Tensor, transposed, [...known, ...present(cts)]), linear)]
  },
  batch([index, ...operands], [axis, ...axes], size, { branches }, name) {
    const batched = axes.map(a => a !== null)
    const inputs = inFront(operands, axes)
    if (axis == null) {
      const out = any(branches.map(b => batchProgram(b, batched, { size, name }).batched))
      return {
        outputs: bindBranches(
          index as Tensor,
          branches.map(b => batchProgram(b, batched, { size, name }, out)),
          inputs,
        ),
        axes: frontAxes(out),
      }
    }
    const all = (branches[0] as Program).outputs.map(() => true)
    const results = branches.map(b => {
      const { program, consts } = batchProgram(b, batched, { size, name }, all)
      return runInline(program, [...consts, ...inputs])
    })
    return {
      outputs: all.map((_, k) =>
        chooseByIndex(
          index as Tensor,
          results.map(r => r[k] as Tensor),
        ),
      ),
      axes: all.map(() => 0),
    }
  },
  lower(l, [index, ...operands], { branches }, outputs) {
    const last = branches.length - 1
    const clamped = l.elementwise(
      aval([], 'int32'),
      [index as NonNullable<typeof index>],
      (b, [i]) => b.apply('min', [b.apply('max', [i as number, b.constant(0, 'int32')], 'int32'), b.constant(last, 'int32')], 'int32'),
      2,
    )
    const which = l.buffer(clamped)
    const inputs = storedForBody(l, operands)
    const buffers = outputs.map(a => l.allocate(a))
    const kernels = branches.map(b => l.nested(() => storeAll(l, l.program(b, inputs()), buffers)))
    l.emit({ kind: 'branch', index: which, branches: kernels })
    return outputs.map((a, i) => l.wrap(a, buffers[i] as number))
  },
  evaluate([index, ...operands], { branches }) {
    const i = Math.min(Math.max(index?.data[0] as number, 0), branches.length - 1)
    return evaluateProgram(branches[i] as Program, operands)
  },
  stepwise([index, ...operands], { branches }, run) {
    const i = Math.min(Math.max((index as Tensor).item(), 0), branches.length - 1)
    return run(branches[i] as Program, operands)
  },
}

/** The results of all branches are of one type. They vary where those of any branch do, and where the choice does. */
const branchTypes = (index: Aval, branches: readonly Program[]): readonly Aval[] =>
  outputTypes(branches[0] as Program).map((a, i) => varyingAlso(a, varyingOfAny([index, ...branches.map(b => outputTypes(b)[i] as Aval)])))

/** For each example, its branch's result. `results[i]` has the batch axis in front. */
function chooseByIndex(index: Tensor, results: readonly Tensor[]): Tensor {
  const [first, ...rest] = results as [Tensor, ...Tensor[]]
  const which = reshape(index, [...index.shape, ...new Array<number>(first.ndim - 1).fill(1)])
  return rest.reduce((chosen, r, k) => where(k === rest.length - 1 ? greaterEqual(which, k + 1) : equal(which, k + 1), r, chosen), first)
}

interface SplitBranches {
  /** operands -> outputs, residuals. */
  readonly primal: readonly Closed[]
  /** operands, outputs, residuals, tangents of the operands -> tangents of the outputs. */
  readonly tangent: readonly Closed[]
  readonly nonzero: Mask
}

/** Branches have different residuals: they share slots of a type, which the branches that need none fill with zeros. */
function linearizeBranches(branches: readonly Program[], wrt: Mask): SplitBranches {
  const nonzeroOut = any(branches.map(b => linearizeProgram(b, wrt).nonzero))
  const lins = branches.map(b => linearizeProgram(b, wrt, nonzeroOut))
  const n = nonzeroOut.length
  const { slots, assigned } = shareSlots(lins, n)
  const first = branches[0] as Program
  const primal = lins.map(({ primal: p }, i) =>
    traceClosed(
      (...xs) => {
        const r = runInline(p.program, [...p.consts, ...xs])
        return [
          ...r.slice(0, n),
          ...slots.map((a, s) => {
            const k = (assigned[i] as readonly number[]).indexOf(s)
            return k < 0 ? zerosOf(a) : (r[n + k] as Tensor)
          }),
        ]
      },
      avalsOf(first),
      'cond',
    ),
  )
  const known = avalsOf(first).length + n
  const tangent = lins.map((lin, i) =>
    traceClosed(
      (...xs) => {
        const operands = xs.slice(0, avalsOf(first).length)
        const residuals = lin.residuals.map(
          s =>
            ('input' in s
              ? operands[s.input]
              : s.output < n
                ? xs[operands.length + s.output]
                : xs[known + ((assigned[i] as readonly number[])[s.output - n] as number)]) as Tensor,
        )
        return runInline(lin.tangent, [...residuals, ...xs.slice(known + slots.length)])
      },
      [...avalsOf(first), ...outputTypes(first), ...slots, ...pick(avalsOf(first), wrt)],
      'cond',
    ),
  )
  return { primal, tangent, nonzero: nonzeroOut }
}

/** `assigned[i][k]`: the slot of further residual k of branch i. */
function shareSlots(
  lins: readonly LinearProgram[],
  n: number,
): { readonly slots: readonly Aval[]; readonly assigned: readonly (readonly number[])[] } {
  const slots: Aval[] = []
  const assigned = lins.map(({ primal }) => {
    const taken = new Set<number>()
    return outputTypes(primal.program)
      .slice(n)
      .map(a => {
        let s = slots.findIndex((slot, k) => slot.id === a.id && !taken.has(k))
        if (s < 0) s = slots.push(a) - 1
        taken.add(s)
        return s
      })
  })
  return { slots, assigned }
}
