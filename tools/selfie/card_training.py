"""Learns the two networks that find cards: python -m tools.selfie.card_training FACES.

Writes pipeline/selfie/card/weights/card_far.npz and card_near.npz, and says their hashes for weights.toml. Takes about
an hour on one core.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.card.card_layout import POINTS
from pipeline.selfie.networks.assets import CARD_WEIGHTS
from pipeline.selfie.networks.card_network import CHANNELS, DOWN, FAR, JOINED, NEAR, OUT, STRIDE, TOP, UP, Shape
from tools.selfie.card_examples import Example, Target, examples, varied

BATCH = 16
#: Steps and the rate that they begin with. Only the first phase has normalisations. The far network begins with the
#: near one's kernels.
PHASES = {NEAR: ((1500, 4e-3), (1000, 1.2e-3)), FAR: ((2400, 4e-3),)}
#: A point may be this many cells off.
_NEARLY = 0.8
_MASKS = 4.0  # the weight of the masks beside the points


def build(shape: Shape, *, normalised: bool) -> Any:
    """The network in Keras; with normalisations it learns faster, and ``folded`` takes them away."""
    import tensorflow as tf

    layers = tf.keras.layers

    def convolve(x: Any, name: str, channels: int, stride: int = 1) -> Any:
        x = layers.Conv2D(channels, 3, stride, "same", use_bias=not normalised, name=name)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.95, name=f"{name}_norm")(x) if normalised else x)

    pictures = tf.keras.Input((shape.height, shape.width, 3))
    x, seen = pictures, {}
    for (name, stride), channels in zip(DOWN, CHANNELS, strict=True):
        x = seen[name] = convolve(x, name, channels, stride)
    x = layers.Conv2D(JOINED, 1, name=f"{TOP}_side")(x)
    for source, name in UP:
        side = layers.Conv2D(JOINED, 1, name=f"{source}_side")(seen[source])
        x = convolve(layers.Add()([layers.UpSampling2D(2, interpolation="nearest")(x), side]), name, JOINED)
    return tf.keras.Model(pictures, layers.Conv2D(OUT, 1, name="out")(x))


def folded(model: Any) -> dict[str, NDArray[np.float16]]:
    """Kernels [out, in, h, w] and biases, with the normalisations folded in."""
    found = {}
    names = {layer.name for layer in model.layers}
    for layer in model.layers:
        if layer.__class__.__name__ != "Conv2D":
            continue
        kernel, *bias = layer.get_weights()
        if f"{layer.name}_norm" in names:
            gamma, beta, mean, variance = model.get_layer(f"{layer.name}_norm").get_weights()
            scale = gamma / np.sqrt(variance + 1e-3)
            kernel, bias = kernel * scale, [beta - mean * scale]
        found[f"{layer.name}.w"] = kernel.transpose(3, 2, 0, 1).astype(np.float16)
        found[f"{layer.name}.b"] = bias[0].astype(np.float16)
    return found


def loaded(shape: Shape, weights: dict[str, NDArray[np.float16]], *, normalised: bool) -> Any:
    """A network that begins with another one's kernels; without normalisations it begins where that one ended."""
    model = build(shape, normalised=normalised)
    for layer in model.layers:
        if layer.__class__.__name__ == "Conv2D":
            kernel = weights[f"{layer.name}.w"].astype(np.float32).transpose(2, 3, 1, 0)
            bias = [weights[f"{layer.name}.b"].astype(np.float32)] if layer.use_bias else []
            layer.set_weights([kernel, *bias])
    return model


def _loss(shape: Shape, said: Any, points: Any, masks: Any) -> Any:
    """How far what a network said [n, h, w, maps] is from where the points [n, 10, 2] and masks [n, h, w, 2] are."""
    import tensorflow as tf

    of_masks = tf.nn.sigmoid_cross_entropy_with_logits(masks, said[..., -2:]) * [1.0, 2.0]
    rows, columns = shape.height // STRIDE, shape.width // STRIDE
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    size = tf.constant([columns, rows], tf.float32)
    inside = tf.cast(tf.reduce_all((points > -0.5) & (points < size - 0.5), axis=-1), tf.float32)
    away = (x - points[..., 0, None, None]) ** 2 + (y - points[..., 1, None, None]) ** 2
    flat = (len(points), len(POINTS), rows * columns)
    wanted = tf.reshape(tf.exp(-away / (2 * _NEARLY**2)), flat)
    wanted = wanted / tf.maximum(tf.reduce_sum(wanted, -1, keepdims=True), 1e-6)
    maps = tf.reshape(tf.transpose(said[..., : len(POINTS)], (0, 3, 1, 2)), flat)
    of_points = tf.nn.softmax_cross_entropy_with_logits(wanted, maps) * inside
    return tf.reduce_sum(of_points) / tf.maximum(tf.reduce_sum(inside), 1.0) + _MASKS * tf.reduce_mean(of_masks)


def _batch(
    shape: Shape, all_: list[Example], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Pictures [n, h, w, 3], −1 to 1, points and masks."""
    some: list[tuple[NDArray[np.uint8], Target]] = [
        varied(all_[i], shape, rng) for i in rng.integers(0, len(all_), BATCH)
    ]
    pictures = (np.stack([picture for picture, _ in some]).astype(np.float32) - 127.5) / 127.5
    return pictures, np.stack([t.points for _, t in some]), np.stack([t.masks for _, t in some])


def train(shape: Shape, model: Any, all_: list[Example], steps: int, rate: float) -> dict[str, NDArray[np.float16]]:
    """The model's weights after so many steps."""
    import tensorflow as tf

    tf.random.set_seed(1)
    rng = np.random.default_rng(steps)
    optimiser = tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.02))

    @tf.function  # type: ignore[untyped-decorator]
    def step(pictures: Any, points: Any, masks: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = _loss(shape, model(pictures, training=True), points, masks)
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, model.trainable_variables), 5.0)
        optimiser.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    losses = []
    for number in range(steps):
        losses.append(float(step(*_batch(shape, all_, rng))))
        if number % 50 == 49:
            print(f"{shape.file} {number + 1}/{steps}: {np.mean(losses[-50:]):.4f}", flush=True)
    return folded(model)


def main(faces: str) -> None:
    """Renders, learns, writes."""
    learnt = examples(Path(faces))
    CARD_WEIGHTS.mkdir(exist_ok=True)
    weights: dict[str, NDArray[np.float16]] | None = None
    for shape, phases in PHASES.items():
        for number, phase in enumerate(phases):
            first = number == 0
            model = build(shape, normalised=first) if weights is None else loaded(shape, weights, normalised=first)
            weights = train(shape, model, learnt, *phase)
        assert weights is not None
        path = CARD_WEIGHTS / shape.file
        np.savez_compressed(path, allow_pickle=False, **weights)
        print(f'"{shape.file}" = "{hashlib.sha256(path.read_bytes()).hexdigest()}"')


if __name__ == "__main__":
    main(*sys.argv[1:])
