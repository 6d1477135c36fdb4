"""`python -m tests.hub`: the Hub on loopback, which is tests/support/hub."""

import runpy

if __name__ == "__main__":
    runpy.run_module("tests.support.hub", run_name="__main__", alter_sys=True)
