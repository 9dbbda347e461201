"""How the pages of figures write a share, and whether a reach is met."""


def share(value: float) -> str:
    """A share with three decimals, without its zero: .881; 1.0 where it is one."""
    return f"{value:.3f}".removeprefix("0") if value < 1 else "1.0"


def met(is_met: bool) -> str:
    return "yes" if is_met else "**no**"
