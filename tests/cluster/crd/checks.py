"""Counts what holds and what does not, and says the second as it happens."""


class Checks:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        # Messages of rules that some bad object was refused with.
        self.messages = set()

    def that(self, law, holds, otherwise=""):
        """`law` is a sentence; `otherwise` is what was seen instead."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED  {law}\n        {otherwise}", flush=True)

    def equal(self, law, got, wanted):
        self.that(law, got == wanted, f"got {got!r}, wanted {wanted!r}")
