/** Random numbers as pure functions of keys (JAX: `jax.random`), bit for bit the same on every backend. */
export { bits, type FloatOptions, randint, uniform, type UniformOptions } from './bits.ts'
export { bernoulli, categorical, type CategoricalOptions, exponential, gumbel, normal, truncatedNormal } from './distributions.ts'
export { beta, chisquare, dirichlet, gamma, loggamma, t } from './gamma.ts'
export { foldIn, Key, key, keyData, split, splitBatch, wrapKeyData } from './key.ts'
export { choice, type ChoiceOptions, permutation, type PermutationOptions } from './permutation.ts'
export { poisson } from './poisson.ts'
export { cauchy, laplace, logistic, rademacher } from './symmetric.ts'
export {
  ball,
  type BallOptions,
  multivariateNormal,
  type MultivariateNormalOptions,
  orthogonal,
  type OrthogonalOptions,
} from './vectors.ts'
