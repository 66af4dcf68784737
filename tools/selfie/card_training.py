"""Learns the finder of cards: python -m tools.selfie.card_training FACES.

Writes pipeline/selfie/card/weights/card.npz.

Renderings of the variety to learn from and photographs without a card are turned, scaled, mirrored and coloured anew
each time: as the whole picture is seen, and as a second look sees the surroundings of a card.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.card.card_finder import fitted
from pipeline.selfie.networks.assets import CARD_WEIGHTS as WEIGHTS
from pipeline.selfie.networks.card_network import DOWN, HEIGHT, JOINED, OUT, STRIDE, TOP, UP, WIDTH
from pipeline.simulate.photos.cards.card_variety import LEARNT
from pipeline.simulate.photos.face_sources import read
from tools.selfie.card_pictures import CardPicture, photographs, renderings

RENDERINGS, LARGE, PHOTOGRAPHS, BATCH = 500, 80, 400, 8
#: Steps, the rate that they begin with, and the share of second looks. Only the first phase has normalisations.
PHASES = ((700, 4e-3, 0.0), (900, 1.5e-3, 0.5), (700, 1e-3, 0.6), (650, 1e-3, 0.6))
#: Of five renderings three show a card.
KINDS = ("card", "card", "card", "other", "nothing")
_KEPT_HEIGHT = 640  # pixels of a picture that is kept in memory


@dataclass(frozen=True)
class Example:
    """A picture and the corners [4, 2] of the card on it and of its portrait (None without a card)."""

    picture: NDArray[np.uint8]
    card: NDArray[np.float64] | None = None
    portrait: NDArray[np.float64] | None = None


def examples(faces: Path, pictures: list[CardPicture] | None = None) -> list[Example]:
    """Everything that is learned from."""
    kinds: Any = [KINDS[i % len(KINDS)] for i in range(RENDERINGS)]
    made = pictures or [
        *renderings(faces, LEARNT, kinds, 540, 1, test=False),
        *renderings(faces, LEARNT, ["card"] * LARGE, 1080, 5, test=False),
    ]
    found = [_rendered(one) for one in made]
    return found + [_kept(read(path))[0] for path in photographs(faces, test=False)[:PHOTOGRAPHS]]


def _kept(image: NDArray[np.uint8]) -> tuple[Example, float]:
    scale = min(1.0, _KEPT_HEIGHT / max(image.shape[:2]))
    return Example(
        np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    ), scale


def _rendered(one: CardPicture) -> Example:
    image = cv2.cvtColor(cv2.imdecode(np.frombuffer(one.data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    kept, scale = _kept(np.asarray(image, np.uint8))
    if one.truth is None:
        return kept
    return Example(kept.picture, one.truth.corners * scale, one.truth.portrait * scale)


def varied(one: Example, rng: np.random.Generator, near: bool) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The example as the network may see it [h, w, 3], and masks of card and portrait [h, w, 2]."""
    move = _near(one, rng) if near else _far(one, rng)
    if rng.random() < 0.5:
        move = np.array([[-1, 0, WIDTH - 1], [0, 1, 0]]) @ np.vstack([move, [0, 0, 1]])
    if near and rng.random() < 0.3:  # a card held upside down
        move = np.array([[-1, 0, WIDTH - 1], [0, -1, HEIGHT - 1]]) @ np.vstack([move, [0, 0, 1]])
    shrink = float(np.sqrt(abs(np.linalg.det(move[:, :2]))))
    picture = one.picture
    if shrink < 0.6:
        picture = cv2.resize(picture, None, fx=1.3 * shrink, fy=1.3 * shrink, interpolation=cv2.INTER_AREA)
        ratio = np.array([one.picture.shape[1] / picture.shape[1], one.picture.shape[0] / picture.shape[0]])
        seen = cv2.warpAffine(picture, np.column_stack([move[:, :2] * ratio, move[:, 2]]), (WIDTH, HEIGHT))
    else:
        seen = cv2.warpAffine(picture, move, (WIDTH, HEIGHT))
    masks = np.zeros((2, HEIGHT, WIDTH), np.uint8)
    for mask, corners in zip(masks, (one.card, one.portrait), strict=True):
        if corners is not None:
            placed = np.round((corners @ move[:, :2].T + move[:, 2]) * 16).astype(np.int32)
            cv2.fillPoly(mask, [placed], 255, cv2.LINE_AA, 4)
    return _recoloured(seen.astype(np.float32), rng), np.asarray(np.moveaxis(masks, 0, -1) / 255, np.float32)


def _far(one: Example, rng: np.random.Generator) -> NDArray[np.float64]:
    """The whole picture, a little turned, scaled and moved."""
    _, fit = fitted(one.picture)
    scale, turn = np.exp(rng.uniform(-0.3, 0.25)), rng.normal(0, 0.15)
    return _around(fit, (WIDTH / 2, HEIGHT / 2), scale, turn, rng.normal(0, 12, 2))


def _near(one: Example, rng: np.random.Generator) -> NDArray[np.float64]:
    """The surroundings of a card, which lies nearly level; of a picture without one, any place."""
    height, width = one.picture.shape[:2]
    if one.card is None:
        spot, wide, turn = rng.uniform([0.2 * width, 0.2 * height], [0.8 * width, 0.8 * height]), 0.4 * width, 0.0
    else:
        across = one.card[1] - one.card[0] + one.card[2] - one.card[3]
        spot, wide, turn = one.card.mean(0), float(np.linalg.norm(across)) / 2, -float(np.arctan2(across[1], across[0]))
    start = np.array([[1.0, 0, WIDTH / 2 - spot[0]], [0, 1, HEIGHT / 2 - spot[1]]])
    scale = rng.uniform(0.55, 0.9) * WIDTH / wide
    return _around(start, (WIDTH / 2, HEIGHT / 2), scale, turn + rng.normal(0, 0.2), rng.normal(0, 8, 2))


def _around(
    move: NDArray[np.float64], spot: tuple[float, float], scale: float, turn: float, aside: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``move``, then scaled and turned around a spot, then moved aside."""
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    after = np.column_stack([linear, np.array(spot) - linear @ np.array(spot) + aside])
    return np.asarray(after @ np.vstack([move, [0, 0, 1]]), np.float64)


def _recoloured(seen: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    grey = seen.mean(-1, keepdims=True)
    seen = grey + (seen - grey) * rng.uniform(0.3, 1.5)
    seen = (seen * rng.uniform(0.75, 1.25, 3) * rng.uniform(0.7, 1.2) + rng.normal(0, 8)).clip(0, 255)
    if rng.random() < 0.3:
        seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.3, 1.0))
    return seen.astype(np.uint8)


def batch(
    all_: list[Example], rng: np.random.Generator, near: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pictures [n, h, w, 3], −1 to 1, and masks [n, h/4, w/4, 2]; ``near``: the share of second looks."""
    some = [varied(all_[i], rng, rng.random() < near) for i in rng.integers(0, len(all_), BATCH)]
    size = WIDTH // STRIDE, HEIGHT // STRIDE
    masks = [cv2.resize(m, size, interpolation=cv2.INTER_AREA) for _, m in some]
    return (np.stack([p for p, _ in some]).astype(np.float32) - 127.5) / 127.5, np.stack(masks).astype(np.float32)


def build(normalised: bool) -> Any:
    """The network in Keras; with normalisations it learns faster, and ``folded`` takes them away."""
    import tensorflow as tf

    layers = tf.keras.layers

    def convolve(x: Any, name: str, channels: int, stride: int = 1, kernel: int = 3) -> Any:
        x = layers.Conv2D(channels, kernel, stride, "same", use_bias=not normalised, name=name)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.95, name=f"{name}_norm")(x) if normalised else x)

    pictures = tf.keras.Input((HEIGHT, WIDTH, 3))
    x, seen = pictures, {}
    for layer in DOWN:
        x = seen[layer.name] = convolve(x, layer.name, layer.channels, layer.stride, layer.kernel)
    x = layers.Conv2D(JOINED, 1, name=f"{TOP}_side")(x)
    for source, name in UP:
        side = layers.Conv2D(JOINED, 1, name=f"{source}_side")(seen[source])
        x = convolve(layers.Add()([layers.UpSampling2D(2, interpolation="nearest")(x), side]), name, JOINED)
    start = tf.keras.initializers.Constant(-3.0)
    return tf.keras.Model(pictures, layers.Conv2D(OUT, 1, name="out", bias_initializer=start)(x))


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


def loaded(weights: dict[str, NDArray[np.float16]]) -> Any:
    """A network without normalisations that begins where another one ended."""
    model = build(normalised=False)
    for layer in model.layers:
        if layer.__class__.__name__ == "Conv2D":
            kernel = weights[f"{layer.name}.w"].astype(np.float32).transpose(2, 3, 1, 0)
            layer.set_weights([kernel, weights[f"{layer.name}.b"].astype(np.float32)])
    return model


def train(model: Any, all_: list[Example], steps: int, rate: float, near: float) -> dict[str, NDArray[np.float16]]:
    """The model's weights after so many steps."""
    import tensorflow as tf

    tf.random.set_seed(1)
    rng = np.random.default_rng(steps)
    optimiser = tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(rate, steps))

    @tf.function  # type: ignore[untyped-decorator]
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, model(x, training=True)) * [1.0, 2.0])
        gradients = tape.gradient(loss, model.trainable_variables)
        optimiser.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    losses = []
    for number in range(steps):
        losses.append(float(step(*batch(all_, rng, near))))
        if number % 50 == 49:
            print(f"{number + 1}/{steps}: {np.mean(losses[-50:]):.4f}", flush=True)
    return folded(model)


def main(faces: str) -> None:
    """Renders, learns, writes."""
    learnt = examples(Path(faces))
    first, *further = PHASES
    weights = train(build(normalised=True), learnt, *first)
    for phase in further:
        weights = train(loaded(weights), learnt, *phase)
    WEIGHTS.parent.mkdir(exist_ok=True)
    np.savez_compressed(WEIGHTS, allow_pickle=False, **weights)


if __name__ == "__main__":
    main(*sys.argv[1:])
