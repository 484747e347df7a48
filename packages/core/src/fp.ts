/**
 * `@cotangent/core/fp`: for users of fp-ts. Data-last functions for `pipe`, errors as `Either` and `TaskEither`, and lawful instances.
 * @example
 * import * as fp from '@cotangent/core/fp'
 * pipe(x, fp.sum({ axis: 0 }), fp.multiply(2), fp.exp())
 */
export { load, parseConfig, type BackendError, type ConfigError, type InitConfig, type Loaded } from './backend/load.ts'
export { dataLast, type DataLast } from './fp/dataLast.ts'
export { attempt } from './fp/either.ts'
export { EqTensor, MonoidAll, MonoidAny, MonoidMax, MonoidMin, draw } from './fp/instances.ts'
export * from './fp/operations.ts'
