/**
 * What can be said of the comparison's steps without a GPU: `node scripts/launch.mjs packages/backend-cuda/device/static.ts` prints, for each, its kernels beside
 * an estimate of XLA's, the bytes that they move beside the least, and registers and occupancy by NVIDIA's compiler, where it is installed.
 */
import { workloads } from '../../../bench/workloads.ts'
import { findNvcc } from '../../../scripts/compilers.ts'
import type { KernelGraph } from '@cotangent/core/kernel'
import { observeGraphs } from '../../core/src/backend/compile.ts'
import type { Program } from '../../core/src/program/program.ts'
import type { Command, Launch, Target } from '../src/command.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import { bytesOnDevice } from '../src/language/types.ts'
import { emitGraph } from '../src/runtime/emitted.ts'
import { writeProgram } from '../src/runtime/program.ts'
import { backendFor, fakeDriver } from '../test/kit.ts'
import { type KernelCode, machineCode } from '../test/support/nvcc.ts'
import { occupancy } from './occupancy.ts'
import { dataFor, type DeviceRow, deviceRows } from './rows.ts'
import { estimateXla } from './xla.ts'

const target: Target = { multiprocessors: 132, capability: 90, precision: 'float32', products: true }
const architecture = 'sm_90'

interface Captured {
  readonly graph: KernelGraph
  readonly program: Program
}

/** The step as core compiles it; it is not run. */
async function capture(row: DeviceRow): Promise<Captured> {
  const backend = await backendFor(),
    all = await workloads({ threads: 1, data: dataFor(row), backend: { name: 'cuda', load: async () => backend } }),
    work = (all[row.group] as NonNullable<(typeof all)[string]>)(row.spec, row.as)
  let captured: Captured | undefined
  observeGraphs((graph, program) => {
    captured = { graph, program }
    throw new Error('enough')
  })
  try {
    work.run()
  } catch (error) {
    if (captured === undefined) throw error
  } finally {
    observeGraphs(null)
    await backend.dispose()
  }
  return captured as Captured
}

interface Described {
  readonly command: Command
  readonly bytes: number
  readonly code: KernelCode | undefined
}

/** Commands with the bytes that each reads and writes at least, and its machine code. */
async function describe(graph: KernelGraph, nvcc: string | undefined): Promise<readonly Described[]> {
  const { commands, specs } = emitGraph(graph, target, emitKernel),
    list = [...commands.values()].flat(),
    { text, functions, ofLaunch } = writeProgram(list, specs)
  const codes = nvcc === undefined || text === '' ? [] : await machineCode(nvcc, text, architecture)
  const sizeOf = (memory: number): number => {
    const { dtype, size } = specs[memory] as (typeof specs)[number]
    return size * bytesOnDevice(dtype)
  }
  const bytesOf = (command: Command): number => {
    switch (command.kind) {
      case 'launch':
        return command.arguments.reduce((sum, a) => sum + ('memory' in a ? sizeOf(a.memory) : 0), 0)
      case 'product':
        return sizeOf(command.a.memory) + sizeOf(command.b.memory) + sizeOf(command.result.memory)
      case 'convolution':
        return sizeOf(command.image.memory) + sizeOf(command.other.memory) + sizeOf(command.result.memory)
      case 'clear':
        return sizeOf(command.memory)
      case 'copy':
        return 2 * command.count * bytesOnDevice((specs[command.from] as (typeof specs)[number]).dtype)
    }
  }
  const codeOf = (launch: Launch): KernelCode | undefined => {
    const name = functions[ofLaunch.get(launch) ?? -1]?.name
    return codes.find(c => c.name === name)
  }
  return list.map(command => ({ command, bytes: bytesOf(command), code: command.kind === 'launch' ? codeOf(command) : undefined }))
}

/** Of the step's own inputs and results, each once: what no fusion can save. */
function leastBytes({ buffers, inputs, outputs }: KernelGraph): number {
  const once = new Set([...inputs, ...outputs])
  return [...once].reduce((sum, id) => sum + (buffers[id]?.size ?? 0) * bytesOnDevice(buffers[id]?.dtype ?? 'float32'), 0)
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1)
const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

function kernelLine({ command, bytes, code }: Described): string {
  if (command.kind === 'product') {
    const { batch, rows, columns, sum } = command
    return line([`cuBLASLt ${batch > 1 ? `${batch} x ` : ''}${rows}x${columns}x${sum}`, '', '', '', '', megabytes(bytes)])
  }
  if (command.kind !== 'launch') return line([command.kind, '', '', '', '', megabytes(bytes)])
  const threads = command.threads.reduce((a, b) => a * b, 1)
  const machine = code === undefined ? ['', '', ''] : [code.registers, code.spills, `${Math.round(100 * occupancy(threads, code))} %`]
  return line([command.name, `${command.blocks.join(' x ')} of ${threads}`, ...machine, megabytes(bytes)])
}

interface Step {
  readonly row: DeviceRow
  readonly graph: KernelGraph
  readonly program: Program
  readonly described: readonly Described[]
}

function summaryLine({ row, graph, program, described }: Step): string {
  const { library, separate, merged } = estimateXla(program),
    count = (kind: Command['kind']): number => described.filter(d => d.command.kind === kind).length,
    moved = described.reduce((sum, d) => sum + d.bytes, 0),
    least = leastBytes(graph),
    codes = described.flatMap(d => d.code ?? [])
  return line([
    row.name,
    described.length,
    count('product'),
    count('launch'),
    `${library} + ${merged} to ${separate}`,
    megabytes(moved),
    megabytes(least),
    (moved / least).toFixed(2),
    codes.length === 0 ? '' : Math.max(...codes.map(c => c.registers)),
    codes.length === 0 ? '' : codes.reduce((sum, c) => sum + c.spills, 0),
  ])
}

const nvcc = findNvcc(),
  fake = await fakeDriver(),
  steps: Step[] = []
fake.set({ noop: 1, poison: 0, redzones: 0, memory: 2 ** 40 })
for (const row of deviceRows(false)) {
  const { graph, program } = await capture(row)
  steps.push({ row, graph, program, described: await describe(graph, nvcc) })
}

console.log(`# The cuda backend's steps, without a GPU

${new Date().toISOString().slice(0, 10)}, for ${architecture} with ${target.multiprocessors} multiprocessors, float32, with cuBLASLt and without cuDNN; machine code by ${nvcc === undefined ? 'nobody: there is no nvcc' : 'nvcc'}. Nothing of this was run on a GPU.

"commands" is what a step orders, in one CUDA graph. "XLA" is an estimate by XLA's documented rules (device/xla.ts), not a run: calls of libraries, and
fusions with and without merging. Bytes: each command's operands and results once; "least": the step's own inputs and results once, which no fusion can save; a
chain of products needs more. MB are 10^6 bytes.

${line(['step', 'commands', 'products', 'kernels', 'XLA, estimate', 'MB', 'least', 'times', 'most registers', 'spilled bytes'])}
${line(['---', ...Array.from({ length: 9 }, () => '--:')])}
${steps.map(summaryLine).join('\n')}
`)
for (const { row, described } of steps)
  console.log(`## ${row.name}

${line(['kernel', 'blocks of threads', 'registers', 'spilled bytes', 'occupancy', 'MB'])}
${line(['---', ...Array.from({ length: 5 }, () => '--:')])}
${described.map(kernelLine).join('\n')}
`)
