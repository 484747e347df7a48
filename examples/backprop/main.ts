/** `npx -y pnpm@12 example backprop`: the backpropagation equations by hand, compared with `grad`. */
import { init } from '@cotangent/core'
import { compare } from './compare.ts'

const TOLERANCE = 1e-6

const { backend } = await init({ backend: 'cpu' })
let worst = 0
for (const output of ['sigmoid', 'softmax'] as const) {
  console.log(`${output} outputs, ${output === 'sigmoid' ? 'squared error' : 'cross-entropy'}`)
  console.log('  parameter   first entry by hand   by grad               largest difference')
  for (const { parameter, byHand, byGrad, difference } of compare(output, 0)) {
    worst = Math.max(worst, difference)
    console.log(
      `  ${parameter.padEnd(10)}  ${byHand.toFixed(12).padStart(18)}    ${byGrad.toFixed(12).padStart(18)}    ${difference.toExponential(1)}`,
    )
  }
}
await backend.dispose()
console.log(`largest difference ${worst.toExponential(1)}`)
if (!(worst <= TOLERANCE)) {
  console.error(`the gradients differ by more than ${TOLERANCE}`)
  process.exitCode = 1
}
