import numpy as np
import pytest

from tests.training.conftest import phrases_of
from tests.training.small_gan import SmallGan
from training.checkpoints import capture, restore
from training.hyperparameters import Hyperparameters
from training.run import batches_for, build_gan


@pytest.fixture(scope="module", params=["voices", "unet"])
def trained(request):
    """A GAN before and after one adversarial iteration, and the order of its updates."""
    phrases = phrases_of(30).part("train")
    values = Hyperparameters(architecture=request.param, batch_size=4, critic_updates=2)
    gan = build_gan(values, phrases)
    order = []
    for owner in ("critic", "generator"):
        update = getattr(gan, f"update_{owner}")

        def recorded(batch, seed, *rest, update=update, owner=owner):
            order.append((owner, batch["pitch"], seed))
            return update(batch, seed, *rest)

        setattr(gan, f"update_{owner}", recorded)
    before = {owner: [v.numpy() for v in own] for owner, own in gan.state().items()}
    terms = gan.iterate(batches_for(gan, values, phrases).at(0), seed=(0, 0), done=0.5)
    return gan, before, order, terms


def test_the_critic_goes_first_and_the_generator_once(trained):
    _, _, order, _ = trained
    assert [owner for owner, _, _ in order] == ["critic", "critic", "generator"]


def test_every_critic_update_has_a_batch_and_a_seed_of_its_own(trained):
    _, _, order, _ = trained
    batches = [batch.name for _, batch, _ in order]
    assert len(set(batches[:2])) == 2
    assert batches[2] == batches[1]  # the generator learns on the critic's last
    assert len({seed.name for _, _, seed in order}) == 3


def test_both_networks_and_both_optimizers_move(trained):
    gan, before, _, terms = trained
    after = {owner: [v.numpy() for v in own] for owner, own in gan.state().items()}
    for owner in ("generator", "critic", "generator_optimizer", "critic_optimizer"):
        moved = [not np.array_equal(a, b) for a, b in zip(before[owner], after[owner], strict=True)]
        assert np.mean(moved) > 0.8, owner
    assert {"critic_loss", "generator_loss", "gradient_penalty"} <= terms.keys()


def test_one_iteration_counts_two_critic_updates_and_one_of_the_generator(trained):
    gan, _, _, _ = trained
    assert int(gan.critic_optimizer.iterations) == 2
    assert int(gan.generator_optimizer.iterations) == 1


def test_an_iteration_follows_from_state_and_seed(trained):
    gan, _, _, _ = trained
    batches = batches_for(gan, gan.values, phrases_of(30).part("train"))
    state = capture(gan, 1, {}, [])

    def losses(seed):
        restore(gan, state)
        terms = [gan.iterate(batches.at(i), seed=(seed, i * 256), done=0.5) for i in range(2)]
        return [float(term["critic_loss"]) for term in terms]

    # The convolutions of `unet` differ in their last bits from run to run; `voices` does not.
    exact = gan.values.architecture == "voices"
    assert losses(0) == (losses(0) if exact else pytest.approx(losses(0), rel=1e-3))
    assert losses(0) != pytest.approx(losses(1), rel=1e-3)


def test_the_best_is_kept_and_played_at_the_end(trained):
    gan, _, _, _ = trained
    state = capture(gan, 1, {}, [])
    assert gan.kept() is None  # nothing has been heard
    first = gan.snapshot()
    gan.keep_if_best(50.0, 3, first)
    disturb(gan)
    gan.keep_if_best(40.0, 6, gan.snapshot())
    iteration, best = gan.kept()
    assert iteration == 3
    assert np.array_equal(sound(best), sound(first))
    assert not np.array_equal(sound(gan.snapshot()), sound(best))
    gan.play_as(best)
    assert np.array_equal(sound(gan.snapshot()), sound(best))
    restore(gan, state)


def test_a_snapshot_plays_on_as_it_was_and_disturbs_nothing(trained):
    gan, _, _, _ = trained
    state = capture(gan, 1, {}, [])
    snapshot = gan.snapshot()
    before = sound(snapshot)
    disturb(gan)
    disturbed = capture(gan, 1, {}, [])
    assert np.array_equal(sound(snapshot), before)
    assert not np.array_equal(sound(gan.snapshot()), before)
    after = capture(gan, 1, {}, []).arrays
    assert all(np.array_equal(after[name], disturbed.arrays[name]) for name in after)
    restore(gan, state)


def test_what_plays_are_the_averages():
    gan = SmallGan(None, Hyperparameters(average_decay=0.9), 32)
    for average in gan.averages:
        average.assign(average + 1.0)
    averaged = gan.snapshot()
    assert same(averaged.weights, gan.averages)
    gan.play_as(averaged)
    assert same(gan.generator.variables, gan.averages)


def sound(player):
    noise = np.ones((1, *player.noise_shape), np.float32)
    return player.accompany(np.full((1, 32), 67), np.ones((1, 32), bool), noise)[0]


def disturb(gan):
    for variable in [*gan.averages, *gan.generator.trainable_variables]:
        variable.assign(variable + 0.1 * np.random.default_rng(0).normal(size=variable.shape))


def same(some, others):
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))
