"""Known answers of losses from optax: pip install optax; python3 tools/fixtures-nn-optax-losses.py. Writes packages/nn/test/fixtures/optax-losses.json."""
import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import optax

from optax_values import gradient_of, rounded, values, write

A, B = values([4, 3], 1), values([4, 3], 2)
BITS = (values([4, 3], 4) > 0).astype(float)
DISTRIBUTIONS = jax.nn.softmax(values([4, 3], 5), -1)
IDS = jnp.array([2, 0, 1, 1])
PROBABILITY = jax.nn.sigmoid(values([4, 3], 3))
ANCHORS, POSITIVES, NEGATIVES = values([4, 5], 6), values([4, 5], 7), values([4, 5], 8)
ITEMS = jnp.array([[1, 1, 1], [1, 0, 1], [1, 1, 0], [1, 1, 1]], bool)
MAPS = (values([2, 3, 2, 3], 12) > 0).astype(float)

LOSSES = {
    "polyLoss": (A, lambda x: optax.losses.poly_loss_cross_entropy(x, DISTRIBUTIONS, epsilon=1.5)),
    "sigmoidFocalLoss": (A, lambda x: optax.losses.sigmoid_focal_loss(x, BITS, alpha=0.25, gamma=1.5)),
    "perceptronLoss": (A, lambda x: optax.losses.perceptron_loss(x, 2 * BITS - 1)),
    "categoricalHingeLoss": (A, lambda x: optax.losses.multiclass_hinge_loss(x, IDS)),
    "generalizedKlDivergence": (jnp.log(PROBABILITY), lambda x: optax.losses.generalized_kl_divergence(x, DISTRIBUTIONS)),
    "tripletMarginLoss": (ANCHORS, lambda x: optax.losses.triplet_margin_loss(x, POSITIVES, NEGATIVES)),
    "ntxentLoss": (ANCHORS, lambda x: optax.losses.ntxent(x, jnp.array([0, 1, 0, 1]), temperature=0.5)),
    "rankingSoftmaxLoss": (A, lambda x: optax.losses.ranking_softmax_loss(x, DISTRIBUTIONS, where=ITEMS, reduce_fn=None)),
    "diceLoss": (values([2, 3, 2, 3], 11), lambda x: optax.losses.dice_loss(x, MAPS, smooth=0.5, alpha=0.3, beta=0.7)),
    "safeCrossEntropy": (A, lambda x: optax.losses.safe_softmax_cross_entropy(x.at[:, 0].add(-jnp.inf), DISTRIBUTIONS.at[:, 0].set(0))),
}
forward = optax.losses.ctc_loss_with_forward_probs(2 * values([1, 4, 3], 10), jnp.zeros([1, 4]), jnp.array([[1, 2]]), jnp.zeros([1, 2]), log_epsilon=-1e30)
write("optax-losses.json", "fixtures-nn-optax-losses.py", {
    **{name: {"each": rounded(f(x)), "gradient": rounded(gradient_of(f, x))} for name, (x, f) in LOSSES.items()},
    "ctcBlanks": rounded(forward[1]), "ctcLabels": rounded(forward[2]),
})
