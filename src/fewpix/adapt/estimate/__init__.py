"""BatchNorm statistics of target faces, in torch: of a set (`estimate`) or a stream (`follow`), and what the
guard says of them (`judge`).
"""

from fewpix.adapt.estimate.judge import judge
from fewpix.adapt.estimate.offline import Order, estimate
from fewpix.adapt.estimate.online import follow

__all__ = ["Order", "estimate", "follow", "judge"]
