"""The same model as a Stan program, the path written by its white noise, with the package's names."""

from typing import Any

import numpy as np

from benchmarks.engines.layout import FAR, Layout
from forecast.model import PendulumSpec
from forecast.model.parameters import SPREAD_OF_SPREADS

BY_DYAD = {
    "log_half_life": ("half_life", "half_life_dyads"),
    "log_sd": ("sd", "sd_dyads"),
    "equilibrium": ("equilibrium", "equilibrium_dyads"),
    "noise": ("noise", "noise_dyads"),
    "log_headroom": ("headroom", "headroom_dyads"),
}
SPREADS = {"mu_era_sd": "equilibrium_eras", "headroom_era_sd": "headroom_eras", "depth_sd": "depth_eras"}

PROGRAM = """
functions {
  matrix path_of(matrix white, array[,] int era, vector mu, vector phi, vector sigma, vector sd) {
    int T = cols(white); int D = rows(white);
    matrix[T, D] path;
    for (d in 1:D) {
      path[1, d] = mu[era[d, 1]] + sd[d] * white[d, 1];
      for (t in 2:T) {
        real centre = mu[era[d, t]];
        path[t, d] = centre + phi[d] * (path[t - 1, d] - centre) + sigma[d] * white[d, t];
      }
    }
    return path;
  }
}
data {
  int D; int T; int E; int J; int H;      // dyads, periods, eras, classes, classes of conflict
  array[D, T] int era;
  array[E] int era_dyad;
  int M; int S; int N; int K;             // months with events; entries counted once, all entries; quadrature nodes
  array[M] int month_dyad; array[M] int month_place; vector[M] month_events; array[M + 1] int month_first;
  array[N] int entry_month; array[N] int entry_class; array[N] int entry_era; vector[N] entry_count;
  vector[N] is_top; vector[N] is_below_top;
  array[N] int by_month;                  // entries in the order of their months
  vector[K] nodes; vector[K] log_weights;
  real softness; real far;
PRIOR_DATA
}
parameters {
PARAMETERS
  matrix[D, T] white;
  matrix[1, J - 2] log_gap;
  vector[E] mu_raw; vector[E] headroom_raw; vector[E] log_gap_era;
  real<lower=0> mu_era_sd; real<lower=0> headroom_era_sd; real<lower=0> depth_sd;
  array[1] real<lower=0> concentration;
}
transformed parameters {
BY_DYAD
  vector[D] phi = pow(0.5, exp(-log_half_life));
  vector[D] sigma = exp(log_sd) .* sqrt(1 - square(phi));
  vector[E] mu = equilibrium[era_dyad] + mu_era_sd * mu_raw;
  vector[E] ceiling = mu + exp((log_headroom + log_sd)[era_dyad] + headroom_era_sd * headroom_raw);
}
model {
  vector[J - 2] gap = exp(to_vector(log_gap));
  vector[J + 1] cuts;
  vector[M] level;
  vector[E] depth = gap[J - 2] * expm1(log_gap_era - log_gap[1, J - 2]);
  real a = concentration[1];
  cuts[1] = -far; cuts[J + 1] = far; cuts[H + 1] = 0;
  for (j in 1:(H - 1)) cuts[H + 1 - j] = cuts[H + 2 - j] - gap[H - j];
  for (j in (H + 1):(J - 1)) cuts[j + 1] = cuts[j] + gap[j - 1];
PRIORS
  to_vector(white) ~ std_normal();
  to_vector(log_gap) ~ normal(prior_gap[1], prior_gap[2]);
  mu_raw ~ std_normal();
  headroom_raw ~ std_normal();
  log_gap_era ~ normal(log_gap[1, J - 2], depth_sd);
  concentration ~ lognormal(prior_concentration[1], prior_concentration[2]);
  {
    vector[D * T] x = to_vector(path_of(white, era, mu, phi, sigma, exp(log_sd)));
    for (m in 1:M) {
      int d = month_dyad[m];
      real c = ceiling[era[d, month_place[m] - (d - 1) * T]];
      level[m] = c - softness * log1p_exp((c - x[month_place[m]]) / softness);
    }
  }
  {
    vector[N] below = cuts[entry_class] + is_top .* depth[entry_era];
    vector[N] above = segment(cuts, 2, J)[entry_class] + is_below_top .* depth[entry_era];
    vector[N] width = -expm1(below - above);
    vector[M] noise_month = exp(noise)[month_dyad];
    matrix[M, K] terms;
    for (k in 1:K) {
      vector[N] at = (level + noise_month * nodes[k])[entry_month];
      vector[N] mass = a * width .* inv_logit(above - at) .* inv_logit(at - below);
      vector[N] rising;
      rising[1:S] = log(mass[1:S]);
      rising[(S + 1):N] = lgamma(mass[(S + 1):N] + entry_count[(S + 1):N]) - lgamma(mass[(S + 1):N]);
      rising = rising[by_month];
      for (m in 1:M) terms[m, k] = log_weights[k] + sum(rising[month_first[m]:(month_first[m + 1] - 1)]);
    }
    for (m in 1:M) target += log_sum_exp(terms[m]);
    target += M * lgamma(a) - sum(lgamma(a + month_events));
  }
}
generated quantities {
  vector[D] state = path_of(white, era, mu, phi, sigma, exp(log_sd))[T]';
}
"""


def program(pool: bool) -> str:
    """Write the program, for dyads that pool or for one alone."""
    parts: dict[str, list[str]] = {"PARAMETERS": [], "BY_DYAD": [], "PRIORS": [], "PRIOR_DATA": []}
    for name, (prior, spread) in BY_DYAD.items():
        parts["PRIOR_DATA"].append(f"array[2] real prior_{prior}; real prior_{spread};")
        if pool:
            parts["PARAMETERS"].append(f"real {name}_population; real<lower=0> {name}_dyad_sd; vector[D] {name}_raw;")
            parts["BY_DYAD"].append(f"vector[D] {name} = {name}_population + {name}_dyad_sd * {name}_raw;")
            parts["PRIORS"] += [
                f"{name}_population ~ normal(prior_{prior}[1], prior_{prior}[2]);",
                f"{name}_dyad_sd ~ lognormal(log(prior_{spread}), {SPREAD_OF_SPREADS});",
                f"{name}_raw ~ std_normal();",
            ]
        else:
            parts["PARAMETERS"].append(f"vector[D] {name}_dyad;")
            parts["BY_DYAD"].append(f"vector[D] {name} = {name}_dyad;")
            scale = f"hypot(prior_{prior}[2], prior_{spread})"
            parts["PRIORS"].append(f"{name}_dyad ~ normal(prior_{prior}[1], {scale});")
    for name, prior in SPREADS.items():
        parts["PRIOR_DATA"].append(f"real prior_{prior};")
        parts["PRIORS"].append(f"{name} ~ lognormal(log(prior_{prior}), {SPREAD_OF_SPREADS});")
    parts["PRIOR_DATA"] += ["array[2] real prior_gap;", "array[2] real prior_concentration;"]
    text = PROGRAM
    for place, lines in parts.items():
        text = text.replace(f"\n{place}\n", "\n" + "\n".join(f"  {line}" for line in lines) + "\n")
    return text


def program_data(data: Layout, spec: PendulumSpec) -> dict[str, Any]:
    """Return the program's data; Stan counts from 1, and its matrices run month by month within a dyad."""
    by_month = np.argsort(data.entry_month, kind="stable")
    first = np.searchsorted(data.entry_month[by_month], np.arange(data.month_dyad.size + 1))
    priors = {f"prior_{name}": list(v) if isinstance(v, tuple) else v for name, v in spec.priors.to_dict().items()}
    wanted = program(True)
    values: dict[str, Any] = {
        "D": data.dyads, "T": data.periods, "E": data.era_dyad.size, "J": data.classes, "H": data.conflict,
        "era": data.era + 1, "era_dyad": data.era_dyad + 1,
        "M": data.month_dyad.size, "S": data.singles, "N": data.entry_month.size, "K": data.nodes.size,
        "month_dyad": data.month_dyad + 1, "month_place": data.month_place + 1,
        "month_events": data.month_events, "month_first": first + 1,
        "entry_month": data.entry_month + 1, "entry_class": data.entry_class + 1, "entry_era": data.entry_era + 1,
        "entry_count": data.entry_count, "by_month": by_month + 1,
        "is_top": (data.entry_class == data.classes - 1).astype(float),
        "is_below_top": (data.entry_class == data.classes - 2).astype(float),
        "nodes": data.nodes, "log_weights": data.log_weights, "softness": spec.ceiling_softness, "far": FAR,
    }  # fmt: skip
    plain = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}
    return plain | {name: value for name, value in priors.items() if f" {name};" in wanted}
