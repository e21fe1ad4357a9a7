"""The notebook's training in PyTorch: eager, channels last, a fused Adam.

The layers, losses and constants are those of `tensorflow_port`, with Keras' conventions. Two of
PyTorch's own stay, for no more than they change: the running variances of the batch normalisations
are unbiased, a thousandth larger at most with batches of 64; and Adam's epsilon is added after the
correction of the root, which matters to gradients under 1e-6.
"""

import torch
from torch import Tensor, nn

NOISE = (2, 8, 512)
FILTERS = 64
PENALTY = 10.0


class Generator(nn.Module):
    """Melody `(batch, 1, 32, 128)` and noise `(batch, 512, 2, 8)` to a roll in [-1, 1]."""

    def __init__(self, tracks: int) -> None:
        super().__init__()
        sizes = (1, *(FILTERS * level for level in (1, 2, 4, 8)))
        self.downs = nn.ModuleList(
            _down(sizes[n], sizes[n + 1], normalised=n > 0) for n in range(4)
        )
        # Each hears the one before and, joined to it, the noise or what came down at its size.
        self.ups = nn.ModuleList(_up(2 * sizes[n], sizes[n - 1]) for n in (4, 3, 2))
        self.last = nn.Sequential(*_doubled(2 * FILTERS, tracks), nn.Tanh())

    def forward(self, melody: Tensor, noise: Tensor) -> Tensor:
        """Plays."""
        skips = [melody]
        for down in self.downs:
            skips.append(down(skips[-1]))
        x = torch.cat((skips.pop(), noise), dim=1)
        for up in self.ups:
            x = torch.cat((up(x), skips.pop()), dim=1)
        return self.last(x)


class Critic(nn.Module):
    """Roll `(batch, tracks, 32, 128)` and melody `(batch, 1, 32, 128)` to a score."""

    def __init__(self, tracks: int) -> None:
        super().__init__()
        sizes = (tracks + 1, *(FILTERS * level for level in (1, 2, 4, 8)))
        self.downs = nn.Sequential(
            *(_down(sizes[n], sizes[n + 1], normalised=False) for n in range(4))
        )
        self.score = nn.Linear(2 * 8 * sizes[4], 1)

    def forward(self, roll: Tensor, melody: Tensor) -> Tensor:
        """Judges."""
        x = self.downs(torch.cat((roll, melody), dim=1))
        return self.score(x.permute(0, 2, 3, 1).flatten(1))


class Port:
    """Both networks and their steps on rolls `(batch, 32, 128, tracks)` in {-1, 1}."""

    def __init__(self, tracks: int) -> None:
        networks = (Generator(tracks), Critic(tracks))
        self.generator, self.critic = (
            network.apply(_initialise).to(memory_format=torch.channels_last) for network in networks
        )
        self._optimizers = [
            torch.optim.Adam(network.parameters(), 1e-3, (0.5, 0.9), eps=1e-7, fused=True)
            for network in (self.generator, self.critic)
        ]

    def iterate(self, batches: list[Tensor]) -> tuple[Tensor, Tensor]:
        """One iteration: the critic's updates on all batches but the last, which is the other's."""
        *for_critic, last = batches
        for batch in for_critic:
            critic_loss = self.critic_step(batch, _noise(batch), torch.rand(len(batch), 1, 1, 1))
        return critic_loss, self.generator_step(last, _noise(last))

    def critic_step(self, real: Tensor, noise: Tensor, blend: Tensor) -> Tensor:
        """Moves the critic; returns its loss."""
        loss = self.critic_gradients(real, noise, blend)
        self._optimizers[1].step()
        return loss

    def generator_step(self, real: Tensor, noise: Tensor) -> Tensor:
        """Moves the generator; returns its loss."""
        loss = self.generator_gradients(real, noise)
        self._optimizers[0].step()
        return loss

    def critic_gradients(self, real: Tensor, noise: Tensor, blend: Tensor) -> Tensor:
        """The critic's loss; how it changes with the critic's parameters is their `grad` then."""
        real, melody = _channels_first(real), _channels_first(real[..., :1])
        with torch.no_grad():
            fake = self.generator.eval()(melody, _channels_first(noise))
        loss = self.critic(fake, melody).mean() - self.critic(real, melody).mean()
        loss = loss + PENALTY * self._penalty(real, fake, melody, blend)
        self._optimizers[1].zero_grad(set_to_none=True)
        loss.backward()
        return loss.detach()

    def generator_gradients(self, real: Tensor, noise: Tensor) -> Tensor:
        """The generator's loss; see `critic_gradients`."""
        melody = _channels_first(real[..., :1])
        fake = self.generator.train()(melody, _channels_first(noise))
        loss = -self.critic(fake, melody).mean()
        self._optimizers[0].zero_grad(set_to_none=True)
        loss.backward(inputs=list(self.generator.parameters()))  # the critic needs none
        return loss.detach()

    def _penalty(self, real: Tensor, fake: Tensor, melody: Tensor, blend: Tensor) -> Tensor:
        between = (blend * real + (1.0 - blend) * fake).requires_grad_()
        scores = self.critic(between, melody)
        (slopes,) = torch.autograd.grad(scores.sum(), between, create_graph=True)
        norms = torch.sqrt(1e-8 + slopes.square().sum(dim=(1, 2, 3)))
        return (norms - 1.0).square().mean()


def _down(inputs: int, filters: int, *, normalised: bool = True) -> nn.Sequential:
    # An even size, a kernel of 4 and a stride of 2: Keras' "same" is one cell at every side.
    layers = [nn.Conv2d(inputs, filters, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, *([_normalisation(filters)] if normalised else []))


def _up(inputs: int, filters: int) -> nn.Sequential:
    return nn.Sequential(*_doubled(inputs, filters), _normalisation(filters), nn.ReLU())


def _doubled(inputs: int, filters: int) -> tuple[nn.Module, ...]:
    # With a stride of 1, "same" is one cell more after than before.
    return nn.Upsample(scale_factor=2), nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(inputs, filters, 4)


def _normalisation(filters: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(filters, eps=1e-3, momentum=0.2)  # Keras' 0.8 is what it keeps


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


def _channels_first(x: Tensor) -> Tensor:
    """Another view of `(batch, height, width, channels)`: in memory the channels stay last."""
    return x.permute(0, 3, 1, 2)


def _noise(batch: Tensor) -> Tensor:
    return nn.init.trunc_normal_(torch.empty(len(batch), *NOISE))
