/** A function of a program, from the launch that runs it. */
import type { DType } from '@cotangent/core/kernel'
import type { Argument, Launch } from '../command.ts'
import { storedType } from './types.ts'

/** Declares an argument. `dtype`: of the memory that it points to. */
export function parameter(argument: Argument, dtype: (memory: number) => DType): string {
  if ('counter' in argument) return `int ${argument.name}`
  if ('type' in argument) return `${argument.type} ${argument.name}`
  const element = storedType(dtype(argument.memory))
  return argument.access === 'read' ? `const ${element}* __restrict__ ${argument.name}` : `${element}* ${argument.name}`
}

/** The function `name` with its arguments and body: launches of one function give the same text but for the name. */
export function functionText(name: string, launch: Launch, dtype: (memory: number) => DType): string {
  const parameters = launch.arguments.map(a => parameter(a, dtype)).join(', ')
  const [x, y, z] = launch.threads
  const bounds = [x * y * z, ...(launch.resident === undefined ? [] : [launch.resident])].join(', ')
  return `KERNEL(${bounds}) ${name}(${parameters}) {\n${launch.body}\n}\n`
}
