"""`dataclasses` for values, frozen and with slots: to mypy the standard library's.

When it runs, it is `lazy_dataclass`, which takes a tenth of the time to import.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, replace
else:
    from sojourn.domain.lazy_dataclass import asdict, dataclass, field, replace

__all__ = ["asdict", "dataclass", "field", "replace"]
