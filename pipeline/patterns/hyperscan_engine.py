"""Which engine a compiled database is for.

A serialised database is native data: Hyperscan checks little of it when it loads it.
"""

import functools
import platform

import hyperscan


@functools.cache
def engine() -> str:
    """Return the version of Hyperscan here, and what its databases need to run.

    It is the same on two machines exactly if one can load what the other has compiled.

    Examples
    --------
    >>> engine().startswith(f"hyperscan {hyperscan.__version__}, Version: ")
    True
    """
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=[b"a"], ids=[0], elements=1, flags=[0])
    # Hyperscan's own words: its version, and the processor features that it uses.
    compiled_for = " ".join(database.info().decode().split())
    return f"hyperscan {hyperscan.__version__}, {compiled_for}, {platform.machine()}"
