"""Is `compare` reliable? python -m benchmarks.compare.

Simulated runs: how often it calls two equal models different (should be 5 % or less), how often it finds a true difference (power),
and how often its intervals contain the true difference; then its numbers compared with those of scipy and statsmodels.
"""

import time

import numpy as np
from scipy.stats import bootstrap
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from lighteval_tasks.compare import compare
from lighteval_tasks.intervals import bootstrap_means, holm, mcnemar, wilson

SIZES = {"medbullets_op5": 308, "pubmedqa_labeled": 500, "mmlu_pro_health": 818, "medqa": 1273}
RUNS = 1000
Pairs = dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]


def simulate(rng: np.random.Generator, gain: float, agree: float = 0.8) -> Pairs:
    """Two models on four benchmarks, right on 60 % and 60 % + gain; on a share of the items B repeats A's fate."""
    pairs: Pairs = {}
    for name, items in SIZES.items():
        a = rng.random(items) < 0.6
        own = rng.random(items) < 0.6 + gain / (1 - agree)
        pairs[name, "free"] = a, np.where(rng.random(items) < agree, a, own)
    return pairs


def simulated() -> None:
    """Type-I errors at no difference, power and coverage at others."""
    heads = (
        "true difference",
        "p < .05, per task",
        "any corrected p < .05",
        "interval of a task without 0",
        "mean's without 0",
    )
    print("| " + " | ".join((*heads, "mean's interval holds the truth")) + " |\n" + "|---:" * (len(heads) + 1) + "|")
    for gain in (0.0, 0.01, 0.02, 0.03, 0.05):
        rng = np.random.default_rng(20261125)
        found = np.zeros(5)
        for run in range(RUNS):
            tasks, (mean,) = compare(simulate(rng, gain), seed=run)
            found += (
                np.mean([one.p < 0.05 for one in tasks]),
                any(one.p_holm < 0.05 for one in tasks),
                np.mean([one.low > 0 or one.high < 0 for one in tasks]),
                mean.low > 0 or mean.high < 0,
                mean.low <= gain <= mean.high,
            )
        cells = [f"{100 * gain:.0f} points", *(f"{100 * share:.1f} %" for share in found / RUNS)]
        print("| " + " | ".join(cells) + " |")
    print(
        f"\n{RUNS} runs each; a share of 5 % among them has a sampling error of {196 * np.sqrt(0.05 * 0.95 / RUNS):.1f} points"
    )


def beside_others() -> None:
    """The largest differences from scipy and statsmodels over random cases."""
    rng = np.random.default_rng(7)
    cases = [(int(b), int(c)) for b, c in rng.integers(0, 60, (300, 2))]
    exact = [abs(mcnemar(b, c) - statsmodels_mcnemar([[5, b], [c, 9]], exact=True).pvalue) for b, c in cases if b + c]
    print(f"McNemar, exact: at most {max(exact):.1e} from statsmodels, over {len(exact)} tables")
    shares = [(int(k), int(n)) for n in (1, 5, 103, 308, 1273) for k in {0, 1, n // 3, n}]
    intervals = [np.abs(np.subtract(wilson(k, n), proportion_confint(k, n, method="wilson"))).max() for k, n in shares]
    print(f"Wilson: at most {max(intervals):.1e} from statsmodels, over {len(shares)} shares")
    tests = [rng.random(number) ** 3 for number in (1, 4, 12)]
    corrected = [np.abs(np.subtract(holm(list(p)), multipletests(p, method="holm")[1])).max() for p in tests]
    print(f"Holm: at most {max(corrected):.1e} from statsmodels")
    (a, b) = simulate(rng, 0.03)["medqa", "free"]
    differences = b.astype(int) - a.astype(int)
    ours = np.quantile(bootstrap_means(differences, 100_000, rng), [0.025, 0.975])
    theirs = bootstrap((differences,), np.mean, n_resamples=100_000, method="percentile", batch=1000, rng=rng)
    low, high = theirs.confidence_interval
    print(
        f"Bootstrap of {len(a)} pairs, 100,000 draws: ours [{100 * ours[0]:.2f}, {100 * ours[1]:.2f}], scipy's [{100 * low:.2f}, {100 * high:.2f}] points"
    )


def main() -> None:
    """Print all figures."""
    started = time.perf_counter()
    simulated()
    beside_others()
    print(f"{time.perf_counter() - started:.0f} s in all")


if __name__ == "__main__":
    main()
