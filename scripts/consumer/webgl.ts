import { backend } from '@cotangent/backend-webgl'
import { main } from './program.js'

export const result: Promise<string> = main(backend)
