/**
 * A scan whose iterations are independent, as one phase with a task for each iteration. A thread does a whole iteration alone, with copies of its
 * own of what is used inside alone: these stay in its cache, and threads do not wait for one another.
 */
import { type BufferId, bytesOf, type Kernel, readsOf, type Scan, writesOf } from '@cotangent/core/kernel'
import { address, BEGIN, END, type EmitContext, FRAME, type Phase, phaseParams, SCRATCH } from '../kernels/kernel.ts'
import { I32, WasmFunction } from '../wasm/assembler.ts'
import { aligned } from './allocator.ts'
import { alone } from './main.ts'
import type { Steps } from './schedule.ts'

/** `emitBody` adds the functions of the body to the module; `isPrivate`: is a buffer used inside the scan alone? */
export function emitIndependent(
  context: EmitContext,
  scan: Scan,
  isPrivate: (b: BufferId) => boolean,
  emitBody: (context: EmitContext) => Steps,
): Phase {
  const own = new Map<BufferId, number>()
  let scratch = 0
  const steps = emitBody({
    ...context,
    needScratch: bytes => void (scratch = Math.max(scratch, aligned(bytes))),
    needShared(bytes) {
      const id = context.needShared(0)
      own.set(id, bytes)
      return id
    },
  })
  const used = [...new Set([...readsOf(scan), ...writesOf(scan), scan.counter])]
  const outer = used.filter(b => !isPrivate(b))
  for (const b of used.filter(isPrivate)) {
    const spec = context.buffers[b]
    if (spec !== undefined) own.set(b, spec.size * bytesOf(spec.dtype))
  }
  const frameBytes = aligned(4 * (Math.max(...outer, ...own.keys()) + 1))
  const f = new WasmFunction('iterations', phaseParams)
  const shared = f.local(I32),
    i = f.local(I32)
  // The thread's frame lies at the start of its scratch memory, its buffers behind it.
  f.get(FRAME).set(shared).get(SCRATCH).set(FRAME)
  for (const b of outer)
    f.get(FRAME)
      .get(shared)
      .i32Load(4 * b)
      .i32Store(4 * b)
  let end = frameBytes
  for (const [b, bytes] of own) {
    f.get(FRAME)
      .get(SCRATCH)
      .i32(end)
      .add()
      .i32Store(4 * b)
    end += aligned(bytes)
  }
  f.get(SCRATCH).i32(end).add().set(SCRATCH)
  f.forRange(i, BEGIN, END, () => {
    address(f, scan.counter).get(i).i32Store()
    alone(f, steps)
  })
  context.needScratch(end + scratch)
  return { run: context.module.add(f), tasks: scan.length, cost: scan.length * costOf(steps) }
}

function costOf(steps: Steps): number {
  return steps.reduce((sum, s) => {
    switch (s.kind) {
      case 'phase':
        return sum + s.phase.cost
      case 'mark':
      case 'count':
        return sum
      case 'scan':
        return sum + s.length * costOf(s.body)
      case 'while':
        return sum + costOf(s.condition) + costOf(s.body)
      case 'branch':
        return sum + Math.max(...s.branches.map(costOf))
    }
  }, 0)
}

/** How many kernels use each buffer; control flow counts as one that uses its counter, predicate or index. */
export function countUses(kernels: readonly Kernel[]): ReadonlyMap<BufferId, number> {
  const uses = new Map<BufferId, number>()
  const add = (buffers: readonly BufferId[]): void => {
    for (const b of new Set(buffers)) uses.set(b, (uses.get(b) ?? 0) + 1)
  }
  const visit = (k: Kernel): void => {
    switch (k.kind) {
      case 'scan':
        add([k.counter])
        return k.body.forEach(visit)
      case 'while':
        add([k.predicate])
        return [...k.condition, ...k.body].forEach(visit)
      case 'branch':
        add([k.index])
        return k.branches.flat().forEach(visit)
      default:
        add([...readsOf(k), ...writesOf(k)])
    }
  }
  kernels.forEach(visit)
  return uses
}
