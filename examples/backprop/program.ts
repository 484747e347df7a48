/** The program: prints the gradients by hand and by `grad`, and how far they are apart. The same source in Node and in a page. */
import { type BackendName, CotangentError, init } from '@cotangent/core'
import type { Host } from '../lib/host/host.ts'
import type { ProgramOptions } from '../lib/host/run.ts'
import { compare } from './compare.ts'

const TOLERANCE = 1e-6

export async function main(options: ProgramOptions, host: Host): Promise<void> {
  const { name, backend, skipped } = await init({ backend: options.backend as BackendName[] })
  for (const other of skipped) host.print(`${other.name} is not used: ${other.reason}`)
  const dtype = backend.capabilities.dtypes.includes('float64') ? 'float64' : 'float32'
  host.print(`three layers, in ${dtype} on the ${name} backend`)
  let worst = 0
  for (const output of ['sigmoid', 'softmax'] as const) {
    host.print(`${output} outputs, ${output === 'sigmoid' ? 'squared error' : 'cross-entropy'}`)
    host.print('  parameter   first entry by hand   by grad               largest difference')
    for (const { parameter, byHand, byGrad, difference } of compare(output, 0, dtype)) {
      worst = Math.max(worst, difference)
      host.print(
        `  ${parameter.padEnd(10)}  ${byHand.toFixed(12).padStart(18)}    ${byGrad.toFixed(12).padStart(18)}    ${difference.toExponential(1)}`,
      )
    }
  }
  await backend.dispose()
  host.print(`largest difference ${worst.toExponential(1)}`)
  if (!(worst <= TOLERANCE)) throw new CotangentError('InternalError', `the gradients differ by more than ${TOLERANCE}`)
}
