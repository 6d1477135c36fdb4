"""Does the ranking keep the curated mechanism of a drug? python -m benchmarks.mechanisms

For the mechanisms of DrugMechDB that are in the real subset of PrimeKG (both in $SHARED_DATA) and are a shortest path there: how many are
among the three paths that the stage rank_paths keeps of the 50 drawn, and how many would be among three random ones.
"""

from tabulate import tabulate

from tests.support.mechanisms import report
from tests.support.shared_data import SHARED_DATA

if __name__ == "__main__":
    print(tabulate(report(SHARED_DATA / "primekg").items(), ["mechanisms", "number"], "github"))
