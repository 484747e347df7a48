/** What users of `jax.image`, `scipy.ndimage` and `tf.image` expect. */
export { type EdgeMode, mapCoordinates, type MapCoordinatesOptions } from './mapCoordinates.ts'
export { nonMaximumSuppression, type NonMaximumSuppressionOptions } from './nonMaximumSuppression.ts'
export { resize, type ResizeMethod, type ResizeOptions } from './resize.ts'
