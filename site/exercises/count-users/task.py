"""Count the users of a volume, so that nobody loses it too early."""


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
    ("mount", "worker"),
    ("mount", "web"),  # again, by `docker cp`
    ("unmount", "web"),  # the end of `docker cp`
    ("unmount", "web"),
    ("unmount", "web"),  # once too often: nothing happens
    ("unmount", "worker"),
):
    getattr(mounts, step)(ref)
    steps.append(mounts.in_use)
    print(f"{step} for {ref}: {'in use' if mounts.in_use else 'not in use'}")

assert steps[:5] == [True] * 5, "the worker still uses it"
assert steps[5], "an unmount too many must not take it from the worker"
assert not steps[6], "after the last user it is not in use"

mounts = Mounts()
mounts.mount("web")
mounts.mount("web")
mounts.unmount("web")
assert mounts.in_use, "the end of `docker cp` must not take it from the container"
mounts.unmount("web")
assert not mounts.in_use, "its only user is gone"
print("Solved: a number for each user instead of one for all.")
