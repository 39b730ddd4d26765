"""The pendulum model and its fit: spec to PyMC model, kernels, sampling, storage."""

from forecast.model.bridge import complete_path as complete_path
from forecast.model.fitted import Fit as Fit
from forecast.model.gate import Gate as Gate
from forecast.model.gate import check_convergence as check_convergence
from forecast.model.pendulum import PendulumModel as PendulumModel
from forecast.model.priors import Priors as Priors
from forecast.model.sampling import fit as fit
from forecast.model.spec import PendulumSpec as PendulumSpec
