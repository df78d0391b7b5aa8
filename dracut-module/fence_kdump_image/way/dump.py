"""The server that receives the dump, if the dump goes over the network."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fence_kdump_image.way.owners import words
from fence_kdump_image.way.owners.surroundings import Surroundings
from fence_kdump_image.whom import sysconfig

__all__ = ["servers"]

_URL = re.compile(r"(?!file:)\w+://(?:[^/@]*@)?(?:\[([^]/]+)\]|([^:/]+))")


def servers(texts: Mapping[str, str], around: Surroundings) -> tuple[str, ...]:
    """Its names or addresses.

    texts -- path -> text of the configuration that exists
    around -- the surroundings in the image, into which kdump-utils writes the address
    """
    found = [word.value for word in around.words if word.key == words.SERVER and word.value]
    settings = sysconfig.parse(texts.get(sysconfig.KDUMP, "")).values
    url = _URL.match(settings.get("KDUMP_SAVEDIR", ""))  # SUSE's
    found += [url[1] or url[2]] if url else []
    return tuple(dict.fromkeys(found))
