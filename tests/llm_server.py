"""`python -m tests.llm_server`: the scripted model server, which is tests/support/llm_server."""

import runpy

if __name__ == "__main__":
    runpy.run_module("tests.support.llm_server", run_name="__main__", alter_sys=True)
