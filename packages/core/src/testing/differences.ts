/**
 * How functions differ from NumPy and JAX, by the names of the op table. What is true of all is not repeated: options are one object at the end; there
 * is no `out`, `order`, `copy`, `precision` or `device`, nor `where` and `dtype` of ufuncs; a name that NumPy has twice is here once.
 */

/** The same text for several names. */
const all = (text: string, ...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map(name => [name, text]))

/** Joins texts for a name that has several. */
function merged(...tables: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, string>> {
  const out: Record<string, string> = {}
  for (const table of tables)
    for (const [name, text] of Object.entries(table)) out[name] = out[name] === undefined ? text : `${out[name]}; ${text}`
  return out
}

const slopes = merged(
  { abs: 'slope 0 at 0 (JAX: 1)' },
  all('slope 0 at a bound (JAX: 1/2)', 'clip'),
  { copysign: 'slope 0 at x = 0 (JAX: 1)' },
  { hypot: 'slope 0 at x = y = 0 (JAX: 1/2)' },
  all('slope 0 where all elements are zero (JAX: NaN)', 'norm', 'vectorNorm'),
  all('slope 0 where all elements are equal (JAX: NaN)', 'std', 'nanstd'),
  { logsumexp: 'slope 0 where all elements are -Infinity (JAX: NaN)' },
  all('of ties the last one has the slope (JAX shares it)', 'lax.cummax', 'lax.cummin'),
  { unwrap: 'at a jump of just half a period the slopes are those of the side that stays' },
  {
    'lax.scatterMul': 'differentiable also where positions repeat (JAX: only unique ones)',
    'at.multiply': 'differentiable also where positions repeat (JAX: only unique ones)',
  },
)

const options = merged(
  { variance: 'also named `var`' },
  all("`count` is NumPy's `num`", 'linspace', 'logspace', 'geomspace'),
  all("`offset` and `columns` are NumPy's `k` and `M`", 'eye', 'tri', 'trilIndices', 'triuIndices'),
  all("`offset` is NumPy's `k`", 'diag', 'diagflat', 'tril', 'triu', 'trilIndicesFrom', 'triuIndicesFrom'),
  all('of the last two axes by default (NumPy: of the first two)', 'diagonal', 'trace'),
  { rot90: "`times` is NumPy's `k`", select: "`otherwise` is NumPy's `default`" },
  { gradient: 'a list of one tensor for each axis, unless `axis` is a number; no `edge_order`' },
  {
    logsumexp: 'no `return_sign`',
    pad: "`value` is NumPy's `constant_values` and `end_values`; no `median`, `stat_length`, odd reflection",
  },
  all('no `weights`', 'quantile', 'percentile', 'nanquantile', 'nanpercentile'),
  { where: 'three arguments; with one see `nonzero`', vectorize: 'no `excluded`' },
  all('always stable', 'sort', 'argsort'),
  { meshgrid: 'takes a list' },
)

const results = merged(
  all('counts are int32', 'histogram', 'bitwiseCount', 'bincount', 'countNonzero'),
  all('positions are int32', 'argmax', 'argmin', 'argsort', 'argpartition', 'searchsorted', 'digitize', 'nanargmax', 'nanargmin'),
  all('outside of `jit` the shape follows the values; inside, `size` and `fillValue` give it', 'nonzero', 'flatnonzero', 'argwhere'),
  all('outside of `jit` the shape follows the values; inside, `size` and `fillValue` give it', 'unique', 'extract', 'compress'),
  all('outside of `jit` the shape follows the values; inside, `size` and `fillValue` give it', 'union1d', 'intersect1d', 'setdiff1d'),
  { delete: 'takes a tensor of positions, which may repeat; inside `jit` with a `size`' },
  { polyfit: 'coefficients only', polymul: 'leading zeros stay (NumPy cuts them off)' },
  all('gives a new tensor', 'put', 'putAlongAxis', 'fillDiagonal'),
  all('out of range it clips or wraps, and does not raise', 'put', 'choose', 'ravelMultiIndex'),
  { empty: 'filled with zeros', emptyLike: 'filled with zeros' },
  { floatPower: 'computes in float32 (NumPy: float64)' },
)

const modules = merged(
  all('pairs `{ re, im }` instead of complex numbers', 'fft.fft', 'fft.ifft', 'fft.rfft', 'fft.irfft', 'signal.stft', 'signal.istft'),
  {
    'linalg.qr': '`qr(x)[1]` is R alone; no mode `raw`; the derivative needs linearly independent columns, else it is NaN (as in JAX)',
    'linalg.svd':
      'columns of U have their largest element positive; the derivative of vectors of equal values is zero; values alone: `svdvals`',
    'linalg.eigh': 'vectors have their largest element positive; the derivative of vectors of equal values is zero',
    'linalg.cholesky': 'NaN where the matrix is not positive definite (NumPy raises)',
  },
  all('infinities or NaN where the matrix is singular (NumPy raises)', 'linalg.inv', 'linalg.solve'),
  { 'special.polygamma': 'the order is a plain number', 'special.gammainc': 'differentiable by both arguments to any order' },
  { 'special.gammaincc': 'differentiable by both arguments to any order' },
  all('differentiable by the parameters to any order (JAX: first order)', 'random.gamma', 'random.loggamma', 'random.beta'),
  all('differentiable by the parameters to any order (JAX: first order)', 'random.dirichlet', 'random.chisquare', 'random.t'),
  all('JAX: `split(key, n)` as a tensor of keys', 'random.splitBatch'),
  all('integers that are out of range raise, also under `jit`', 'at.get', 'at.set', 'at.add', 'at.min', 'at.max', 'at.multiply'),
  all('NumPy has no such function: JAX and SciPy do', 'erf', 'erfc', 'erfInv', 'logsumexp'),
  { bitcast: 'JAX: `lax.bitcast_convert_type`; NumPy: `view`', iota: 'JAX: `lax.iota`', scalar: 'NumPy: `array(x)`' },
  { sliceAxis: '`x[a:b]` of one axis', rightShiftLogical: 'JAX: `lax.shift_right_logical`' },
  { customVjp: '`forward` and `backward` are arguments (JAX: `defvjp`)', customJvp: 'the rule is an argument (JAX: `defjvp`)' },
  { switch_: 'the underscore keeps off the keyword', 'lax.switch_': 'the underscore keeps off the keyword' },
  { grad: 'of a plain function it runs eagerly, so that the function may branch on numbers' },
  { 'lax.customLinearSolve': 'no `has_aux`' },
  { 'linalg.cg': 'JAX: `scipy.sparse.linalg.cg`, the solution alone; `preconditioner` is its `M`' },
)

export const differences: Readonly<Record<string, string>> = merged(options, results, modules, slopes)
