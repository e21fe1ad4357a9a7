"""Counts what an iteration computes in products: convolutions and matrix products, in FLOP.

A multiplication and the addition of its product are two. Whatever works on single values (biases,
normalisation, rectifiers, optimizers) is left out: it is a thousandth of the whole. Of a
convolution with padding all products are counted, also those with the zeros around.

Of `unet` the layers' shapes are enough: its passes follow from the training's algebra. Of `voices`
TensorFlow's own graph of the iteration is read, operation by operation.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

CRITIC_UPDATES = 5
# How the three directions of a convolution are called by TensorFlow; each has as many products.
DIRECTIONS = {
    "Conv2D": "forward",
    "Conv2DBackpropInput": "by input",
    "Conv2DBackpropFilter": "by filter",
}


@dataclass(frozen=True)
class Flops:
    """What one iteration computes.

    Attributes:
        ours: as this project computes it, FLOP.
        port: as the notebook's algebra has it, FLOP.
        parts: of `ours`, by network and direction, such as `critic by filter`.
    """

    ours: float
    port: float
    parts: dict[str, float]


@dataclass(frozen=True)
class Product:
    """A convolution or a matrix product of given shapes.

    Attributes:
        operation: TensorFlow's name of it.
        shapes: of its inputs; of a gradient the shape that is asked for stands in place of what
            is not an input.
        strides: of a convolution, down and across.
        padding: of a convolution, `SAME` or `VALID`.
        transposed: of a matrix product, which of the two are.
        flop: of one.
    """

    operation: str
    shapes: tuple[tuple[int, ...], ...]
    strides: tuple[int, int] = (1, 1)
    padding: str = ""
    transposed: tuple[bool, bool] = (False, False)
    flop: float = field(default=0.0, compare=False)


def unet_iteration_flops(batch: int = 64, tracks: int = 4) -> Flops:
    """Counts an iteration of `unet`: five critic updates and one of the generator.

    In a critic update a batch is played to without gradient. The critic hears real and fake music
    forwards, and backwards but to the music. It hears blends forwards and backwards to the music;
    the penalty's gradient goes through that a second time, forwards and by filter.
    """
    parts: Counter[str] = Counter()
    generator, critic = _layers_of_unet(tracks)
    wholes = {}
    for name, port in (("ours", False), ("port", True)):
        played = _forward(generator, port=port)
        heard = _forward(critic, port=port)
        updates = CRITIC_UPDATES * batch
        counted = {
            "generator forward": (updates + batch) * played,
            "generator by filter": batch * played,
            "generator by input": batch * (played - _forward(generator[:1], port=port)),
            # Twice for real and fake, once for the blend, once for the penalty.
            "critic forward": (4 * updates + batch) * heard,
            "critic by filter": 3 * updates * heard,
            "critic by input": (3 * updates + batch) * heard
            - 2 * updates * _forward(critic[:1], port=port),
        }
        wholes[name] = sum(counted.values())
        parts = parts or Counter(counted)
    return Flops(wholes["ours"], wholes["port"], dict(parts))


@dataclass(frozen=True)
class _Layer:
    """A layer with weights: products of one input forwards, and how many the notebook has."""

    ours: float
    port: float


def _layers_of_unet(tracks: int) -> tuple[list[_Layer], list[_Layer]]:
    from training.unet import build_critic, build_generator

    return _walk(build_generator(tracks)), _walk(build_critic(tracks))


def _walk(network: Any) -> list[_Layer]:
    """The layers in their order, FLOP of one member of a batch."""
    import keras

    from training.doubling import FACTOR, DoublingConvolution

    found = []
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dense):
            flop = 2.0 * prod(layer.kernel.shape)
            found.append(_Layer(flop, flop))
        elif isinstance(layer, keras.layers.Conv2D):
            # Every cell of the output asks for the whole kernel.
            flop = 2.0 * prod(layer.output.shape[1:3]) * prod(layer.kernel.shape)
            doubling = isinstance(layer, DoublingConvolution)
            found.append(_Layer(flop / FACTOR**2 if doubling else flop, flop))
    return found


def _forward(layers: Iterable[_Layer], *, port: bool) -> float:
    return sum(layer.port if port else layer.ours for layer in layers)


def products_of(graph: Any) -> Counter[tuple[Product, str]]:
    """All products that a TensorFlow graph computes, with the network that each belongs to.

    Gradients that nothing asks for are in a graph, too, but are not computed.

    Args:
        graph: with known shapes, of a concrete function.

    Returns:
        How many there are of each product and network.

    Raises:
        ValueError: if the shapes are unknown.
    """
    found: Counter[tuple[Product, str]] = Counter()
    for operation in _needed(graph):
        if operation.type in DIRECTIONS:
            found[_convolution(operation), _network(operation.name)] += 1
        elif operation.type in ("MatMul", "BatchMatMulV2"):
            found[_matrix_product(operation), _network(operation.name)] += 1
    return found


def iteration_flops(products: Counter[tuple[Product, str]]) -> Flops:
    """Adds up products; there is no other way to compute them here than ours."""
    parts: Counter[str] = Counter()
    for (product, network), count in products.items():
        direction = DIRECTIONS.get(product.operation, "matrix products")
        parts[f"{network} {direction}"] += product.flop * count
    whole = sum(parts.values())
    return Flops(whole, whole, dict(parts))


def products_of_iteration(gan: Any, batches: Any) -> Counter[tuple[Product, str]]:
    """All products of an iteration of a `Gan`, from its own graph.

    Args:
        gan: whose `_iteration` is traced.
        batches: of an iteration, as `Batches.at` gives them.
    """
    import tensorflow as tf

    from training.gan import _tensors

    arguments = _tensors(batches), tf.constant([0, 0]), tf.constant(0.5)
    return products_of(gan._adversarial.get_concrete_function(*arguments).graph)


def voices_iteration_flops(batch: int = 24, updates: int = 1) -> Flops:
    """Counts an iteration of `voices` over five octaves, which is the range of the chorales.

    Args:
        batch: phrases in a batch.
        updates: of the critic.
    """
    gan = _voices(batch, updates)
    pitch = _choir(batch, updates)
    return iteration_flops(
        products_of_iteration(gan, {"pitch": pitch, "onset": np.ones(pitch.shape, bool)})
    )


def phrase_flops(architecture: str) -> float:
    """Counts what a generator computes to answer one phrase, from the graph that is exported."""
    import tensorflow as tf

    from training.hyperparameters import Hyperparameters
    from training.unet_gan import UnetGan

    if architecture == "unet":
        gan: Any = UnetGan(4, Hyperparameters(architecture="unet"))
    else:
        gan = _voices(batch=1, updates=1)
    one = [tf.TensorSpec((1, *spec.shape[1:]), spec.dtype) for spec in gan.signature().values()]
    graph = tf.function(gan.serve, autograph=False).get_concrete_function(*one).graph
    return sum(product.flop * count for (product, _), count in products_of(graph).items())


def _voices(batch: int, updates: int) -> Any:
    from training.hyperparameters import Hyperparameters
    from training.voices_gan import VoicesGan

    values = Hyperparameters(batch_size=batch, critic_updates=updates)
    return VoicesGan(_choir(batch, updates)[0], values)


def _choir(batch: int, updates: int) -> NDArray[np.int8]:
    """Four voices over five octaves: `(updates, batch, 32, 4)`."""
    return np.broadcast_to(np.array([86, 60, 50, 31], np.int8), (updates, batch, 32, 4))


def _needed(graph: Any) -> set[Any]:
    """The operations that what a function returns or changes depends on."""
    left = [*(tensor.op for tensor in graph.outputs), *graph.control_outputs]
    needed: set[Any] = set()
    while left:
        operation = left.pop()
        if operation not in needed:
            needed.add(operation)
            left += [*(tensor.op for tensor in operation.inputs), *operation.control_inputs]
    return needed


def _convolution(operation: Any) -> Product:
    """Reads one of the three directions."""
    strides = tuple(operation.get_attr("strides")[1:3])
    padding = operation.get_attr("padding").decode()
    x, kernel, y = _shapes_of_convolution(operation)
    flop = 2.0 * prod(y[:3]) * prod(kernel)
    return Product(operation.type, (x, kernel, y), strides, padding, flop=flop)


def _shapes_of_convolution(operation: Any) -> tuple[tuple[int, ...], ...]:
    """Shapes of input, kernel and output."""
    given = [_shape(tensor) for tensor in operation.inputs]
    made = _shape(operation.outputs[0])
    if operation.type == "Conv2D":
        return given[0], given[1], made
    if operation.type == "Conv2DBackpropInput":
        return made, given[1], given[2]
    return given[0], made, given[2]


def _matrix_product(operation: Any) -> Product:
    batched = operation.type == "BatchMatMulV2"
    names = ("adj_x", "adj_y") if batched else ("transpose_a", "transpose_b")
    transposed = (bool(operation.get_attr(names[0])), bool(operation.get_attr(names[1])))
    left, right = _shape(operation.inputs[0]), _shape(operation.inputs[1])
    inner = left[-2] if transposed[0] else left[-1]
    flop = 2.0 * prod(_shape(operation.outputs[0])) * inner
    return Product(operation.type, (left, right), transposed=transposed, flop=flop)


def _shape(tensor: Any) -> tuple[int, ...]:
    if not tensor.shape.is_fully_defined():
        raise ValueError(
            f"`{tensor.name}` has shape {tensor.shape}. Trace the function with known shapes."
        )
    return tuple(tensor.shape)


def _network(name: str) -> str:
    """The network of an operation: `gradient_tape/critic_3/residual_8/...` is of the critic."""
    for network in ("generator", "critic", "encoder"):
        if network in name:
            return network
    return "rest"
