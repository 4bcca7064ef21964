"""Count the users of a volume, not the calls."""


class Mounts:
    """The mounts of one volume in a plugin. Change this class."""

    def __init__(self) -> None:
        self.count = 0

    def mount(self, ref: str) -> None:
        """Mount the volume for a user."""
        self.count += 1

    def unmount(self, ref: str) -> None:
        """End the use by a user."""
        self.count -= 1

    @property
    def in_use(self) -> bool:
        """Whether anybody uses it."""
        return self.count > 0


mounts = Mounts()
steps = []
for step, ref in (
    ("mount", "web"),
    ("mount", "web"),  # again, after a restart of the engine
    ("mount", "worker"),
    ("unmount", "web"),
    ("unmount", "web"),  # once too often: nothing happens
    ("unmount", "worker"),
):
    getattr(mounts, step)(ref)
    steps.append(mounts.in_use)
    print(f"{step} for {ref}: {'in use' if mounts.in_use else 'not in use'}")

assert steps[:4] == [True] * 4, "the worker still uses it"
assert steps[4], "an unmount too many must not take it from the worker"
assert not steps[5], "after the last user it is not in use"

mounts = Mounts()
mounts.mount("web")
mounts.mount("web")
mounts.unmount("web")
assert not mounts.in_use, "its only user is gone, however often it was mounted"
print("Solved: a set of users instead of a number of calls.")
