"""Find out whether a plugin that was just started answers."""


class NotReady(Exception):
    """The plugin does not answer."""


def post_start(dial, wait) -> None:
    """Return once the plugin answers, or raise NotReady. Change this function."""
    for seconds in (0.5, 3, 3, 3):
        wait(seconds)
        try:
            dial()
        except ConnectionRefusedError:
            continue
        return
    raise NotReady


class Plugin:
    """Answers after it was dialled a few times in vain."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.waits = []

    def dial(self) -> None:
        """Connect."""
        if self.refusals > 0:
            self.refusals -= 1
            raise ConnectionRefusedError("nobody is there")

    def wait(self, seconds: float) -> None:
        """Note that somebody waited."""
        self.waits.append(seconds)


def try_plugin(refusals: int) -> tuple[str, list[float]]:
    """Return what becomes of a plugin that refuses so many times, and the waits."""
    plugin = Plugin(refusals)
    try:
        post_start(plugin.dial, plugin.wait)
        outcome = "it answers"
    except NotReady:
        outcome = "it does not answer"
    except ConnectionRefusedError:
        outcome = "the error of the connection came out"
    print(f"After {refusals} refusals: {outcome}, waits {plugin.waits}")
    return outcome, plugin.waits


assert try_plugin(0) == ("it answers", [0.5]), "a plugin that answers is tried once"
assert try_plugin(2) == ("it answers", [0.5, 3, 3]), "a slow one is tried until it answers"
assert try_plugin(3) == ("it answers", [0.5, 3, 3, 3]), "the fourth try is the last"
assert try_plugin(9) == ("it does not answer", [0.5, 3, 3, 3]), "after four tries it is given up"
print("Solved: four tries, nine and a half seconds.")
