import { backend } from '@cotangent/backend-cpu'
import { main } from './program.js'

export const result: Promise<string> = main(backend)
