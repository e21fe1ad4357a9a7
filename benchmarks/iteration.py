"""How much of the processor an iteration of `unet` takes, beside the notebook's training in others.

The peers compute the same from the same rolls: `tests/benchmarks/test_peers.py` holds them and us
to equal losses and gradients.
"""

from importlib.util import find_spec

from benchmarks.bench import Bench
from benchmarks.flops import unet_iteration_flops
from benchmarks.peers.iterate import TRACKS
from benchmarks.results import Goal, Number, Section, median
from benchmarks.sides import Effort, take_turns
from training.processor import has_bfloat16

OURS = "ours"
OURS_LOW = "ours in bfloat16"
BATCH, ROUNDS = 64, 5
QUICK_BATCH, QUICK_ROUNDS = 4, 2
# Its iteration takes a minute, its compiling longer than all the rest of a quick measurement: it is
# left out there, else it has smaller batches, and so has ours that is held against it.
SLOWEST = "JAX"
SMALL_BATCH = 32
OURS_SMALL = f"{OURS}, batches of {SMALL_BATCH}"
LIMIT = "convolution of unet"  # the rate that ours is a share of
# What each peer needs, and how many times our processor time it shall take at least.
PEERS = {
    "TensorFlow": ("tensorflow", 1.4, "unet_over_port"),
    "PyTorch": ("torch", 1.8, "unet_over_pytorch"),
    "JAX": ("jax", 4.0, "unet_over_jax"),
}
# GNU's OpenMP, on which PyTorch runs, lets threads wait busily: that would be counted as work.
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE"}


def measure(bench: Bench) -> Section:
    """Measures ours and the peers that are installed."""
    batch, rounds = (QUICK_BATCH, QUICK_ROUNDS) if bench.quick else (BATCH, ROUNDS)
    missing = [name for name, (module, _, _) in PEERS.items() if find_spec(module) is None]
    left_out = {*missing, SLOWEST} if bench.quick else set(missing)
    low = [OURS_LOW] if has_bfloat16() and not bench.quick else []
    peers = [name for name in PEERS if name not in left_out]
    sides = {name: _side(name, batch) for name in (OURS, *low, *peers)}
    if SLOWEST in sides:
        sides |= {
            OURS_SMALL: _side(OURS, SMALL_BATCH),
            SLOWEST: _side(SLOWEST, SMALL_BATCH),
        }
    efforts = take_turns(sides, rounds=rounds, environment=ENVIRONMENT)
    return Section(
        "Training unet",
        f"One iteration in float32: five critic updates and one of the generator, each on {batch} "
        "random rolls of four voices, the same for all, in processes that take turns. The peers "
        "are the notebook's training, ported one to one to TensorFlow with Keras, to PyTorch and "
        f"to {SLOWEST}, the slowest: it has batches of {SMALL_BATCH} and is held against ours with "
        "as many. CPU-seconds are those of all threads. In bfloat16 ours computes its "
        "convolutions alone, with `precision=bfloat16`.",
        (*ratios(efforts, batch), *times(efforts), *rates(efforts[OURS], batch, bench.rates)),
        remarks=(
            (f"Quick: without JAX and bfloat16; the goals are of batches of {BATCH}.",)
            if bench.quick
            else ()
        )
        + (() if has_bfloat16() else ("This processor has no instructions for bfloat16.",))
        + tuple(
            f"{name} is not installed, so it was not measured: "
            "`pip install -r benchmarks/peers/requirements.txt`."
            for name in missing
        ),
    )


def _side(name: str, batch: int) -> tuple[str, ...]:
    return "-m", "benchmarks.peers.iterate", name, str(batch)


def ratios(efforts: dict[str, list[Effort]], batch: int) -> list[Number]:
    """How many times our processor time each peer takes, round by round, and ours of bfloat16's."""
    numbers = []
    for name, (_, limit, key) in PEERS.items():
        if name in efforts:
            pairs = zip(efforts[name], efforts[_beside(name)], strict=True)
            values = [peer.cpu_s / our.cpu_s for peer, our in pairs]
            goal = Goal(limit, at_least=True) if batch == BATCH else None
            words = f"CPU-seconds, {name}'s to {_beside(name)}"
            numbers.append(median(words, values, "times", goal, key=key))
    if OURS_LOW in efforts:
        pairs = zip(efforts[OURS], efforts[OURS_LOW], strict=True)
        values = [our.cpu_s / low.cpu_s for our, low in pairs]
        name = "CPU-seconds, ours to ours in bfloat16"
        numbers.append(median(name, values, "times", key="unet_over_bfloat16"))
    return numbers


def _beside(peer: str) -> str:
    """The side of ours that a peer is held against."""
    return OURS_SMALL if peer == SLOWEST else OURS


def times(efforts: dict[str, list[Effort]]) -> list[Number]:
    """What an iteration of each takes."""
    numbers = []
    for name, rounds in efforts.items():
        key = "unet_iteration" if name == OURS else ""
        words = f"an iteration, {name}"
        if name == SLOWEST:
            words += f", batches of {SMALL_BATCH}"
        cpu, wall = [e.cpu_s for e in rounds], [e.wall_s for e in rounds]
        numbers.append(median(words, cpu, "CPU-s", key=key and f"{key}_cpu_s"))
        numbers.append(median(words, wall, "s", key=key and f"{key}_s"))
    return numbers


def rates(efforts: list[Effort], batch: int, limits: dict[str, float]) -> list[Number]:
    """How fast ours computes its products, and what share that is of what it could at best."""
    flop = unet_iteration_flops(batch, TRACKS).ours
    values = [flop / 1e9 / effort.wall_s for effort in efforts]
    numbers = [
        Number("products in an iteration, ours", flop / 1e12, "TFLOP"),
        median("rate, ours", values, "GFLOP/s"),
    ]
    if LIMIT in limits:
        shares = [100 * value / limits[LIMIT] for value in values]
        name = "rate, ours, of the best convolutions of the same shapes"
        numbers.append(median(name, shares, "%", key="unet_share_of_limit"))
    return numbers
