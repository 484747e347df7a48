/** Machine code of programs by NVIDIA's own compiler, where a toolkit is installed: what each kernel takes of a multiprocessor. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export interface KernelCode {
  readonly name: string
  /** Registers a thread. */
  readonly registers: number
  /** Bytes a thread that were stored for want of registers. */
  readonly spills: number
  /** Bytes of static shared memory a block. */
  readonly shared: number
}

const cache = fileURLToPath(new URL('../../../../node_modules/.cache/cotangent-nvcc', import.meta.url))
const run = promisify(execFile)

/** Compiles a program for one architecture, once. Rejects with the compiler's log. */
export async function machineCode(nvcc: string, text: string, architecture: string): Promise<readonly KernelCode[]> {
  const id = createHash('sha256').update(`${nvcc} ${architecture}\n${text}`).digest('hex').slice(0, 24),
    file = `${cache}/${id}.cu`,
    report = `${cache}/${id}.log`
  if (!existsSync(report)) {
    mkdirSync(cache, { recursive: true })
    writeFileSync(file, text)
    // NVRTC's options of the backend, and ptxas's report.
    const options = ['-cubin', `-arch=${architecture}`, '-std=c++17', '-fmad=true', '-Xptxas', '-v', '-o', `${cache}/${id}.cubin`, file]
    const { stderr } = await run(nvcc, options, { maxBuffer: 64 << 20 })
    writeFileSync(`${report}.${process.pid}`, stderr)
    renameSync(`${report}.${process.pid}`, report)
  }
  return parseReport(readFileSync(report, 'utf8'))
}

/** ptxas names a kernel, then says what it takes. */
export function parseReport(report: string): readonly KernelCode[] {
  return report
    .split("Compiling entry function '")
    .slice(1)
    .map(part => {
      const numberOf = (pattern: RegExp): number => Number(pattern.exec(part)?.[1] ?? 0)
      return {
        name: part.slice(0, part.indexOf("'")),
        registers: numberOf(/Used (\d+) registers/),
        spills: numberOf(/(\d+) bytes spill stores/) + numberOf(/(\d+) bytes spill loads/),
        shared: numberOf(/(\d+) bytes smem/),
      }
    })
}
