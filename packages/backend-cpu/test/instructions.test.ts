import { describeInstructions } from '../../core/test/support/describeInstructions.ts'
import { runKernel } from './kernel-kit.ts'

describeInstructions(runKernel)
