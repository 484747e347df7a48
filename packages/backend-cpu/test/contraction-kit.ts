/** Runs one contraction in a memory of its own. */
import type { Case } from '../../core/test/support/contractions.ts'
import { type Data, expected, toleranceOf } from '../../core/test/support/expectedSums.ts'
import type { Engine } from '../src/tuning.ts'
import { emitPhases } from './kernel-kit.ts'

export interface CompiledPhase {
  readonly run: (frame: number, scratch: number, begin: number, end: number) => void
  readonly tasks: number
  readonly cost: number
}

export interface Compiled {
  readonly memory: WebAssembly.Memory
  readonly frame: number
  readonly scratch: number
  readonly scratchEnd: number
  readonly phases: readonly CompiledPhase[]
  /** Byte address of each buffer. */
  readonly addresses: readonly number[]
  readonly bytes: number
}

const up = (n: number, to: number): number => Math.ceil(n / to) * to
const CANARY = 256

/** Each buffer stands alone, with free bytes before and behind. */
export function compileContraction({ buffers, contraction }: Case, engine: Engine, gap = CANARY): Compiled {
  const { module, phases: emitted, shared, scratchBytes } = emitPhases(contraction, buffers, engine)
  let at = 1024
  const place = (bytes: number): number => {
    const start = up(at + gap, 64)
    at = start + bytes + gap
    return start
  }
  const own = buffers.map(b => place(4 * b.size))
  const scratch = place(scratchBytes)
  const scratchEnd = scratch + scratchBytes
  const addresses = [...own, ...shared.map(place)]
  const pages = Math.ceil((at + 1024) / 65536)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  new Int32Array(memory.buffer).set(addresses, 0)
  const bytes = module.encode({ shared: false, maximumPages: pages })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  const phases = emitted.map(({ tasks, cost }, i) => ({ run: exports[`phase${i}`] as CompiledPhase['run'], tasks, cost }))
  return { memory, frame: 0, scratch, scratchEnd, phases, addresses, bytes: bytes.length }
}

/** The tasks in pieces: `cut` gives the next piece's end. */
export function runAll(c: Compiled, cut: (begin: number, tasks: number) => number = (_, tasks) => tasks): void {
  for (const phase of c.phases) {
    for (let begin = 0; begin < phase.tasks; ) {
      const end = Math.min(phase.tasks, Math.max(begin + 1, cut(begin, phase.tasks)))
      phase.run(c.frame, c.scratch, begin, end)
      begin = end
    }
  }
}

// ---- comparison

export interface Outcome {
  /** What went wrong, or ''. */
  readonly problem: string
  /** The written buffers' bytes. */
  readonly image: string
}

const at = (list: readonly number[], i: number): number => list[i] as number

const FILL = -12345.678

/** Runs a case and checks all of memory: what is stored, and that nothing else has changed. */
export function check(test: Case, data: Data, engine: Engine, cut?: (begin: number, tasks: number) => number): Outcome {
  const compiled = compileContraction(test, engine)
  const floats = new Float32Array(compiled.memory.buffer)
  const stored = new Set(test.contraction.stores.map(s => s.buffer))
  const first = Math.min(...compiled.addresses) / 4 - 64
  floats.fill(FILL, first, compiled.scratch / 4)
  floats.fill(NaN, compiled.scratch / 4) // what is not packed must not count
  const [scratchEnd, behind] = [compiled.scratchEnd / 4, compiled.scratchEnd / 4 + CANARY / 4]
  floats.fill(FILL, scratchEnd, behind)
  test.buffers.forEach((spec, i) => {
    if (!stored.has(i))
      new Uint8Array(compiled.memory.buffer).set(
        new Uint8Array((data[i] as Float32Array).buffer, 0, 4 * spec.size),
        at(compiled.addresses, i),
      )
  })
  const before = floats.slice(first, compiled.scratch / 4)
  runAll(compiled, cut)
  const { elements } = expected(test, data)
  let problem = ''
  test.contraction.stores.forEach((s, k) => {
    const base = at(compiled.addresses, s.buffer) / 4
    for (const [offset, { value, scale }] of elements[k] as ReadonlyMap<number, { value: number; scale: number }>) {
      const got = floats[base + offset] as number
      const tolerance = toleranceOf(test, scale)
      if (!(Math.abs(got - value) <= tolerance)) problem ||= `store ${k} element ${offset}: got ${got}, expected ${value} +- ${tolerance}`
      before[base + offset - first] = got
    }
  })
  const after = floats.subarray(first, compiled.scratch / 4)
  const [x, y] = [new Int32Array(before.buffer), new Int32Array(after.buffer, after.byteOffset, after.length)]
  for (let i = 0; i < x.length && problem === ''; i++) if (x[i] !== y[i]) problem = `float at ${4 * (first + i)} was overwritten`
  if (floats.subarray(scratchEnd, behind).some(x => x !== Math.fround(FILL))) problem ||= 'scratch memory was overrun'
  return { problem, image: after.join() }
}
