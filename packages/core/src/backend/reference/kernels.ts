/** Kernel lists and control flow. */
import { fail } from '../../errors.ts'
import type { Branch, Kernel, Scan, While } from '../../lower/kernel.ts'
import { compileContraction } from './contraction.ts'
import { compileLoop, compileScatter, type Run } from './loop.ts'
import { compileCumulative, compileSort } from './rows.ts'
import { scalarOf } from './space.ts'

/** `path` leads to the list, as in `kernel 3 (scan) > kernel 0 (loop)`. */
export function compileKernels(kernels: readonly Kernel[], path = ''): Run {
  const runs = kernels.map((kernel, i) => compileKernel(kernel, `${path}kernel ${i} (${kernel.kind})`))
  return memory => {
    for (const run of runs) run(memory)
  }
}

function compileKernel(kernel: Kernel, where: string): Run {
  switch (kernel.kind) {
    case 'loop': return compileLoop(kernel, where)
    case 'contraction': return compileContraction(kernel, where)
    case 'scatter': return compileScatter(kernel, where)
    case 'sort': return compileSort(kernel, where)
    case 'cumulative': return compileCumulative(kernel, where)
    case 'while': return compileWhile(kernel, where)
    case 'scan': return compileScan(kernel, where)
    case 'branch': return compileBranch(kernel, where)
  }
}

function compileWhile({ condition, predicate, body }: While, where: string): Run {
  const runCondition = compileKernels(condition, `${where} condition > `), runBody = compileKernels(body, `${where} body > `)
  return memory => {
    for (runCondition(memory); scalarOf(memory, predicate) !== 0; runCondition(memory)) runBody(memory)
  }
}

function compileScan({ length, reverse, counter, body }: Scan, where: string): Run {
  const runBody = compileKernels(body, `${where} > `)
  return memory => {
    for (let i = 0; i < length; i++) {
      memory[counter]?.fill(reverse ? length - 1 - i : i, 0, 1)
      runBody(memory)
    }
  }
}

function compileBranch({ index, branches }: Branch, where: string): Run {
  const runs = branches.map((branch, i) => compileKernels(branch, `${where} branch ${i} > `))
  return memory => {
    const chosen = scalarOf(memory, index), run = runs[chosen]
    if (run === undefined) fail('InternalError', `${where}: there is no branch ${chosen} of ${runs.length}. This is a fault in Cotangent: please report it.`)
    run(memory)
  }
}
