"""Learns the network that reads a card's number first: python -m tools.selfie.line_training FONTS.

FONTS is a folder of outline fonts, none of them of those that are kept apart for tests (``card_variety.py``). Writes
pipeline/selfie/card/weights/card_line.npz and says its hash for weights.toml. Takes about an hour on two cores.
"""

from __future__ import annotations

import hashlib
import sys
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks.assets import CARD_WEIGHTS
from pipeline.selfie.networks.digit_reader import HEIGHT, WIDTH
from pipeline.selfie.networks.line_network import CLASSES, FILE, LAYERS, MEAN, SPREAD, evened
from tools.selfie.card_training import folded
from tools.selfie.line_examples import Line, lettering, lines, varied

LINES, BATCH, STEPS, RATE = 18_000, 32, 3_600, 3e-3
_PART = 1_000


def build() -> Any:
    """The network in Keras, up to the logits [n, 64, 11]; ``folded`` takes its normalisations away."""
    import tensorflow as tf

    layers = tf.keras.layers
    pictures = x = tf.keras.Input((HEIGHT, WIDTH, 1))
    for layer in LAYERS:
        pads = "same" if layer.padded else "valid"
        x = layers.Conv2D(layer.channels, layer.kernel, layer.stride, pads, use_bias=False, name=layer.name)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.95, name=f"{layer.name}_norm")(x))
    x = layers.Dropout(0.1)(x)
    return tf.keras.Model(pictures, layers.Reshape((-1, CLASSES))(layers.Conv2D(CLASSES, 1, name="out")(x)))


def _part(job: tuple[Path, int]) -> list[Line]:
    folder, seed = job
    return list(lines(lettering(folder), _PART, seed))


def rendered(fonts: Path, count: int) -> list[Line]:
    """What is learned from, made by all cores."""
    with Pool() as pool:
        parts = pool.map(_part, [(fonts, seed) for seed in range(count // _PART)], chunksize=1)
    return [line for part in parts for line in part]


def _batch(all_: list[Line], rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Lines [n, 48, 256, 1], as the network sees them, and their digits [n, 16], 1 to 10."""
    some = [all_[i] for i in rng.integers(0, len(all_), BATCH)]
    pictures = np.stack([evened(varied(one.picture, rng)) for one in some])[..., None].astype(np.float32)
    return (pictures - np.float32(MEAN)) / np.float32(SPREAD), np.array(
        [[int(d) + 1 for d in one.number] for one in some], np.int32
    )


def train(model: Any, all_: list[Line], steps: int) -> dict[str, NDArray[np.float16]]:
    """The model's weights after so many steps."""
    import tensorflow as tf

    tf.random.set_seed(1)
    rng = np.random.default_rng(steps)
    optimiser = tf.keras.optimizers.AdamW(tf.keras.optimizers.schedules.CosineDecay(RATE, steps, alpha=0.01), 0.01)

    @tf.function  # type: ignore[untyped-decorator]
    def step(pictures: Any, digits: Any) -> Any:
        with tf.GradientTape() as tape:
            said = tf.transpose(model(pictures, training=True), (1, 0, 2))
            each = tf.nn.ctc_loss(digits, said, tf.fill([BATCH], 16), tf.fill([BATCH], said.shape[0]), blank_index=0)
            loss = tf.reduce_mean(each)
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, model.trainable_variables), 5.0)
        optimiser.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    losses = []
    for number in range(steps):
        losses.append(float(step(*_batch(all_, rng))))
        if number % 50 == 49:
            print(f"{number + 1}/{steps}: {np.mean(losses[-50:]):.3f}", flush=True)
    return folded(model)


def main(fonts: str) -> None:
    """Renders, learns, writes."""
    weights = train(build(), rendered(Path(fonts), LINES), STEPS)
    path = CARD_WEIGHTS / FILE
    np.savez_compressed(path, allow_pickle=False, **weights)
    print(f'"{FILE}" = "{hashlib.sha256(path.read_bytes()).hexdigest()}"')


if __name__ == "__main__":
    main(*sys.argv[1:])
