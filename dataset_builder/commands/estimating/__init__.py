"""``estimate``: the calls and the cost that a build still needs."""
