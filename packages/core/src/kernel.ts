/** `@cotangent/core/kernel`: what a backend author imports. */
export type * from './backend/backend.ts'
export * from './dtype.ts'
export * from './errors.ts'
export * from './lower/instructions.ts'
export * from './lower/kernel.ts'
