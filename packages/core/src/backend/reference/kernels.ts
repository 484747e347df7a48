/** Kernel lists and control flow. */
import { fail } from '../../errors.ts'
import type { Branch, Kernel, Scan, While } from '../../lower/kernel.ts'
import { compileContraction } from './contraction.ts'
import { compileLoop, compileScatter, type Run } from './loop.ts'
import { compileCumulative, compileSort } from './rows.ts'
import { scalarOf } from './space.ts'

/** `lanes`: points that are evaluated at a time. `path` leads to the list, as in `kernel 3 (scan) > kernel 0 (loop)`. */
export function compileKernels(kernels: readonly Kernel[], lanes: number, path = ''): Run {
  const runs = kernels.map((kernel, i) => compileKernel(kernel, `${path}kernel ${i} (${kernel.kind})`, lanes))
  return memory => {
    for (const run of runs) run(memory)
  }
}

function compileKernel(kernel: Kernel, where: string, lanes: number): Run {
  switch (kernel.kind) {
    case 'loop':
      return compileLoop(kernel, where, lanes)
    case 'contraction':
      return compileContraction(kernel, where, lanes)
    case 'scatter':
      return compileScatter(kernel, where, lanes)
    case 'sort':
      return compileSort(kernel, where)
    case 'cumulative':
      return compileCumulative(kernel, where)
    case 'while':
      return compileWhile(kernel, where, lanes)
    case 'scan':
      return compileScan(kernel, where, lanes)
    case 'branch':
      return compileBranch(kernel, where, lanes)
  }
}

function compileWhile({ condition, predicate, body }: While, where: string, lanes: number): Run {
  const runCondition = compileKernels(condition, lanes, `${where} condition > `),
    runBody = compileKernels(body, lanes, `${where} body > `)
  return memory => {
    for (runCondition(memory); scalarOf(memory, predicate) !== 0; runCondition(memory)) runBody(memory)
  }
}

function compileScan({ length, reverse, counter, body }: Scan, where: string, lanes: number): Run {
  const runBody = compileKernels(body, lanes, `${where} > `)
  return memory => {
    for (let i = 0; i < length; i++) {
      memory[counter]?.fill(reverse ? length - 1 - i : i, 0, 1)
      runBody(memory)
    }
  }
}

function compileBranch({ index, branches }: Branch, where: string, lanes: number): Run {
  const runs = branches.map((branch, i) => compileKernels(branch, lanes, `${where} branch ${i} > `))
  return memory => {
    const chosen = scalarOf(memory, index),
      run = runs[chosen]
    if (run === undefined)
      fail('InternalError', `${where}: there is no branch ${chosen} of ${runs.length}. This is a fault in Cotangent: please report it.`)
    run(memory)
  }
}
