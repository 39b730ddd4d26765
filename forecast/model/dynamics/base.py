r"""What every pull has, and what it may have of its own.

A pull says where a displaced pendulum is expected one period later. With :math:`y` the displacement from the
equilibrium, :math:`\phi` what the linear pendulum keeps of it in a period and :math:`s` its long-run spread, the state
moves by

.. math:: x' = \mu + f(y, y_{-1}) + \sigma \epsilon

and :math:`f` is the pull's `next`. It is written once, for NumPy arrays and PyTensor variables alike, since the
sampler, the simulations and the futures must agree on it.

To add a pull, derive a class from `Pull` in a module of its own, give it a name, its words, its `next`, and what it has
of its own (priors, variables, `shape`), and name it in `forecast.model.dynamics`; or `register` it from outside of the
package.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from forecast.model.declarations import Prior, Variable
from forecast.model.hierarchy import by_dyad
from forecast.typing import Float

if TYPE_CHECKING:
    from forecast.model.priors import Priors

type Transitions = tuple[Any, ...]


@dataclass(frozen=True)
class Motion:
    """How a pendulum moves, as PyTensor variables by dyad.

    Attributes
    ----------
    phi, sigma, start_sd : (dyad,)
        What is kept of a displacement, the spread of a period's shock, and that of the first state.
    shape : mapping of str to variable
        What else shapes the pull, by name: (dyad,) or one for all.
    """

    phi: Any
    sigma: Any
    start_sd: Any
    shape: Mapping[str, Any]


@dataclass(frozen=True)
class Nodes:
    """The nodes of the path, as PyTensor variables; `forecast.model.arrays.PanelArrays` says what a node is.

    Attributes
    ----------
    motion : Motion
        By dyad.
    mu : (era,) or None
        Equilibria.
    data : mapping of str to variable
        Of `forecast.model.form.model_data`.
    backend : module
        pytensor.tensor.
    """

    motion: Motion
    mu: Any
    data: Mapping[str, Any]
    backend: Any

    @cached_property
    def first(self) -> Any:
        """Whether a node is its dyad's first, (node,)."""
        return self.backend.eq(self.data["node_gap"], 0)

    @cached_property
    def second(self) -> Any:
        """Whether a node is its dyad's second: the node before it is a first."""
        return self.backend.concatenate([self.backend.zeros(1, dtype="bool"), self.first[:-1]])

    @cached_property
    def equilibrium(self) -> Any:
        """Equilibrium at every node."""
        return self.mu[self.data["node_era"]]

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """What `Pull.next` reads, at every node."""
        motion, dyad = self.motion, self.data["node_dyad"]
        own = {"phi": motion.phi, "sd": motion.start_sd, **motion.shape}
        return {name: value[dyad] if value.ndim else value for name, value in own.items()}

    @cached_property
    def scale(self) -> Any:
        """Standard deviation of every node's shock where each period is a node."""
        motion, dyad = self.motion, self.data["node_dyad"]
        return self.backend.where(self.first, motion.start_sd[dyad], motion.sigma[dyad])


class Pull:
    """A pull, by default one that depends on the displacement now and holds to an equilibrium.

    Attributes
    ----------
    name : str
        As `PendulumSpec.dynamics` has it.
    title : str
        A few words, such as ``linear pull``: what tables of models call it.
    hint : str
        In brackets after the name in the help of the command line; may be empty.
    words : str
        A sentence for the report, beginning with the name.
    order : int
        How many nodes it looks back, 1 or 2.
    jumps : bool
        Whether the transition over many periods is known exactly, so that empty periods need no coordinate.
    has_equilibrium : bool
        False for a random walk.
    priors, variables : tuple
        Those that it alone has.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    hint: ClassVar[str] = ""
    words: ClassVar[str]
    order: ClassVar[int] = 1
    jumps: ClassVar[bool] = False
    has_equilibrium: ClassVar[bool] = True
    priors: ClassVar[tuple[Prior, ...]] = ()
    variables: ClassVar[tuple[Variable, ...]] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the variables of the posterior that shape the motion."""
        return ("phi", "sd", *(variable.name for variable in self.variables if variable.sampled))

    def next(self, y: Any, before: Any, p: Mapping[str, Any], backend: Any = np) -> Any:
        """Return the displacement expected a period after ``y``, which followed ``before``.

        Parameters
        ----------
        y, before : array or variable
            Displacements from the equilibrium; ``before`` is read by pulls of order 2 alone.
        p : mapping
            ``phi``, ``sd`` and what else shapes the pull; each broadcasts against ``y``.
        backend : module
            numpy or pytensor.tensor.
        """
        raise NotImplementedError

    def shape(self, priors: "Priors", pool: bool) -> tuple[dict[str, Any], Any]:
        """Add what shapes the pull to the PyMC model on the context stack.

        Parameters
        ----------
        priors : Priors
            In periods of the panel.
        pool : bool
            Whether dyads share a population.

        Returns
        -------
        shape : dict of str to variable
            What `next` reads besides phi and sd.
        widening : variable or float
            Long-run variance in units of that of a linear pendulum with the same phi and shocks.
        """
        return {}, 1.0

    def shock_of_spread(self, sd: Any, phi: Any, shape: Mapping[str, Any], backend: Any = np) -> Any:
        """Compute the spread of a period's shock that keeps a pendulum without widening at its own spread."""
        return sd * backend.sqrt(1.0 - phi**2)

    def linear_half_life(self, drawn: Mapping[str, Float]) -> Float:
        """Half-life of a linear pendulum with the same prior: what the prior of the half-life is about.

        Parameters
        ----------
        drawn : mapping of str to array (draw,)
            Variables of the posterior.
        """
        return drawn["half_life"]

    def add_motion(self, priors: "Priors", dyads: int, pool: bool) -> Motion:
        """Add the parameters of the motion to the PyMC model on the context stack.

        The priors are about what a pendulum does in the long run, so that they mean the same for every pull.
        """
        import pymc as pm
        import pytensor.tensor as pt

        typical = pt.exp(by_dyad("log_half_life", priors.half_life, priors.half_life_dyads, pool))
        sd = pm.Deterministic("sd", pt.exp(by_dyad("log_sd", priors.sd, priors.sd_dyads, pool)), dims="dyad")
        shape, wide = self.shape(priors, pool)
        half_life = pm.Deterministic("half_life", typical / wide, dims="dyad")
        phi = pm.Deterministic("phi", 0.5 ** (1.0 / half_life), dims="dyad")
        shock = self.shock_of_spread(sd / pt.sqrt(wide), phi, shape, pt)
        return Motion(phi, pm.Deterministic("sigma", shock, dims="dyad"), sd, shape)

    def start_spread(self, p: Mapping[str, Float], priors: "Priors") -> Float | float:
        """Return the spread of the first state around its equilibrium: the long-run one."""
        return p["sd"]

    def centre(self, priors: "Priors") -> tuple[float, float, float]:
        """Return phi, sigma and the spread of the first state at the centres of the priors."""
        phi, sd = 0.5 ** (1.0 / np.exp(priors.half_life[0])), np.exp(priors.sd[0])
        return float(phi), float(sd * np.sqrt(1.0 - phi**2)), float(sd)

    def transitions(self, nodes: Nodes) -> Transitions:
        """Return the transitions of the Gaussian process by which the path is whitened, each (node,).

        Drift, carry and scale, and for a pull of order 2 the carry of the node before the last as third. It is the
        pendulum itself where that is linear, and elsewhere its linearisation over one spread to either side.
        """
        pt = nodes.backend
        if self.jumps:
            return self.over_gaps(nodes.motion, nodes.mu, nodes.data, pt)
        p, mu, first = nodes.parameters, nodes.equilibrium, nodes.first
        side = p["sd"]
        up, down = (self.next(y, y, p, pt) for y in (side, -side))
        carry = pt.where(first, 0.0, (up - down) / (2.0 * side))
        return pt.where(first, mu, (1.0 - carry) * mu + (up + down) / 2.0), carry, nodes.scale

    def over_gaps(self, motion: Motion, mu: Any, pairs: Mapping[str, Any], backend: Any = np) -> Transitions:
        r"""Return the exact transitions of a linear pendulum from node to node over gaps of several periods.

        Over a gap of k periods it carries :math:`\phi^k` of its displacement and gathers a shock of variance
        :math:`s^2 (1 - \phi^{2k})`. A pull that jumps moves so; others start from it when the path is whitened.

        Parameters
        ----------
        motion : Motion
            As variables or as arrays.
        mu : (era,)
            Equilibria.
        pairs : mapping
            Of `forecast.model.whitening.transition_pairs`, as arrays or as a model's data.
        backend : module
            numpy or pytensor.tensor.

        Returns
        -------
        drift, carry, scale : (node,)
        """
        dyad, gap, pair_of = pairs["pair_dyad"], pairs["pair_gap"], pairs["pair_of_node"]
        carry = backend.where(backend.equal(gap, 0), 0.0, backend.exp(backend.log(motion.phi)[dyad] * gap))
        scale = motion.start_sd[dyad] * backend.sqrt(1.0 - carry**2)
        carry = carry[pair_of]
        return (1.0 - carry) * mu[pairs["node_era"]], carry, scale[pair_of]

    def expected(self, last: Any, before: Any, transitions: Transitions, nodes: Nodes) -> Any:
        """Return where every node is expected, given the one before it and the one before that."""
        if self.jumps:
            drift, carry, _ = transitions
            return drift + carry * last
        mu = nodes.equilibrium
        displaced = last - mu
        moved = self.next(displaced, displaced, nodes.parameters, nodes.backend)
        return mu + nodes.backend.where(nodes.first, 0.0, moved)

    def second_transition(self, start_sd: Any, p: Mapping[str, Any], backend: Any = np) -> tuple[Any, Any]:
        """Return carry and scale from the first state to the second, for a pull of order 2."""
        raise NotImplementedError

    def step(self, state: Float, before: Float, mu: Float, shock: Float, p: Mapping[str, Float]) -> Float:
        """Move states by one period, in NumPy.

        Parameters
        ----------
        state, before : array
            Now and a period ago, log-odds.
        mu : array
            Equilibrium in force next; zero for a random walk.
        shock : array
            Of unit variance.
        p : mapping
            ``sigma``, and what `next` reads.

        Returns
        -------
        array
            The next state.
        """
        return np.asarray(mu + self.next(state - mu, before - mu, p) + p["sigma"] * shock)
