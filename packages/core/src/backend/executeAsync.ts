/** Running a Program without blocking the calling thread. What the run needs is kept from the call until it ends, whatever the user disposes. */
import { programNeedsHost } from '../program/effects.ts'
import type { Program } from '../program/program.ts'
import { untracked } from '../region.ts'
import { span } from '../spans.ts'
import type { Tensor } from '../tensor.ts'
import type { Backend, Buffer, Executable } from './backend.ts'
import { type Compiled, compileInSteps } from './compile.ts'
import { backendOf, buffersOf, givable, giveUp, keepProgram, knownProgram, runObserver, runProgram, wrap } from './execute.ts'
import { programsBetween, sharing } from './stepwise.ts'

/** As `runProgram`. Donated inputs are disposed at once. Throws before anything runs, or rejects. What calls the host runs in a later task. */
export function runProgramAsync(
  program: Program,
  inputs: readonly Tensor[],
  donated?: readonly boolean[],
  name = 'jit',
): Promise<readonly Tensor[]> {
  const backend = backendOf(inputs, name)
  const buffers = buffersOf(inputs, backend, name)
  const kept = untracked(() => inputs.map(sharing))
  giveUp(inputs, donated)
  return inTurn(backend, async () => {
    try {
      if (programNeedsHost(program) || runObserver() !== null) {
        await nextTask()
        return runProgram(program, kept, undefined, name)
      }
      const compiled = knownProgram(program, backend, donated) ?? (await compileLater(program, backend, donated))
      const results =
        compiled.graph.outputs.length === 0
          ? []
          : await span('run', name, () => start(compiled.executable, buffers, givable(compiled, kept, donated)))
      return wrap(compiled, backend, kept, buffers, results)
    } finally {
      for (const t of kept) t.dispose()
    }
  })
}

/** Compiles a Program for these inputs, and waits without blocking until it can run. */
export async function prepareProgram(
  program: Program,
  inputs: readonly Tensor[],
  donated?: readonly boolean[],
  name = 'jit',
): Promise<void> {
  const backend = backendOf(inputs, name)
  for (const part of programNeedsHost(program) ? programsBetween(program) : [program]) {
    const given = part === program ? donated : undefined
    const compiled = knownProgram(part, backend, given) ?? (await compileLater(part, backend, given))
    await compiled.executable.ready?.()
  }
}

/** Milliseconds of compiling after which others have the thread. */
const TASK = 8

/** Compiles in tasks of their own: tracing was long enough for one. A call that needs the Program meanwhile may be the first to compile it. */
async function compileLater(program: Program, backend: Backend, donated: readonly boolean[] | undefined): Promise<Compiled> {
  const steps = compileInSteps(program, backend, donated)
  for (;;) {
    await nextTask()
    const known = knownProgram(program, backend, donated)
    if (known !== undefined) {
      steps.return(known)
      return known
    }
    const end = performance.now() + TASK
    do {
      const step = steps.next()
      if (step.done !== true) continue
      keepProgram(step.value, program, backend, donated)
      return step.value
    } while (performance.now() < end)
  }
}

const nextTask = (): Promise<void> => new Promise(resolve => setTimeout(resolve))

async function start(
  executable: Executable,
  buffers: readonly Buffer[],
  donated: readonly boolean[] | undefined,
): Promise<readonly Buffer[]> {
  if (executable.runAsync !== undefined) return executable.runAsync(buffers, donated)
  await nextTask() // a later task: what waits in the event loop comes first
  return executable.run(buffers, donated)
}

/** The end of the last run on each backend that has runs in flight. */
const ends = new WeakMap<Backend, Promise<unknown>>()

/** Starts `run` when those before it have ended: now if there are none. */
function inTurn<T>(backend: Backend, run: () => Promise<T>): Promise<T> {
  const before = ends.get(backend)
  const result = before === undefined ? run() : before.then(run)
  const end: Promise<unknown> = result.then(forget, forget)
  ends.set(backend, end)
  return result

  function forget(): void {
    if (ends.get(backend) === end) ends.delete(backend)
  }
}
