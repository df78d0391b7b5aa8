"""One rebuild. Afterwards a crash kernel is loaded, if one was loaded before.

A load unloads first, and the new image may not fit into the reserved memory. So the old image is
kept until the kernel says that a crash kernel is loaded again.
"""

from __future__ import annotations

import enum
import os
from typing import Callable

from fence_kdump_image.fresh import keeper
from fence_kdump_image.fresh.tools import Tool
from fence_kdump_image.image import content, finished

__all__ = ["Result", "clear", "finish", "rebuild", "reload"]

_WORK = "/var/tmp"  # noqa: S108 - where dracut builds
Say = Callable[[str], None]


class Result(enum.Enum):
    """The result of a rebuild.

    DONE -- a new image was built and loaded
    FAILED -- it could not be built or loaded, and another attempt would fail as well
    POSTPONED -- it could not be built now, but another attempt may succeed
    """

    DONE = enum.auto()
    FAILED = enum.auto()
    POSTPONED = enum.auto()


def rebuild(image: str, stamp: str, tool: Tool) -> Result:
    """Build and load an image. If this fails, the old one is put back and loaded.

    image -- path of the image, not of a link to it
    stamp -- "MTIME SIZE" of the image
    tool -- what builds and loads

    Raises OSError.
    """
    old = keeper.Old(image, tool.beside)
    try:
        old.keep(stamp)
    except (OSError, keeper.Changed) as error:
        tool.say(
            f"the old image cannot be saved ({error}): not rebuilt now, the next check tries again"
        )
        return Result.POSTPONED
    tool.say(f"rebuilding {image}")
    result = Result.FAILED
    try:
        if tool.build():
            if not old.is_replaced():
                tool.say(
                    f"{tool.builds[0]} built nothing: check whether {image} is on a read-only disk"
                )
                result = Result.POSTPONED
            elif tool.load():
                tool.say("the new image is loaded")
                result = Result.DONE
            else:
                tool.say(
                    "the new image cannot be loaded: check whether crashkernel= is large enough"
                )
        elif not all(_has_room(place, old.size) for place in (os.path.dirname(image), _WORK)):
            places = f"{os.path.dirname(image)} and {_WORK}"
            tool.say(f"there is no room for a new image: free space in {places}")
            result = Result.POSTPONED
    finally:  # also if the program was asked to end
        if result is Result.DONE:
            old.discard()
        else:
            _restore(old, tool)
    return result


def finish(image: str, tool: Tool) -> bool:
    """Finish a rebuild that was interrupted. Returns whether a crash kernel is loaded then.

    The present image may be incomplete. Or it is complete, from that rebuild or from another
    program; then it is newer than the old one.

    image, tool -- as in `rebuild`
    """
    old = keeper.Old(image, tool.beside)
    if not old.is_replaced_since():
        tool.say("the last rebuild was interrupted before it began")
        old.discard()
        return reload(tool)
    tool.say("the last rebuild was interrupted")
    whole = content.is_whole(image)
    if old.is_replaced():
        tool.say(f"{image} is being written by another program: the next check looks at it again")
        return finished.is_loaded(tool.root) is True
    if whole:
        if tool.load():
            tool.say("the present image is complete and newer than the old one, and is loaded now")
            old.discard()
            return True
        tool.say("the present image is complete and newer than the old one, but cannot be loaded")
    return _restore(old, tool)


def _restore(old: keeper.Old, tool: Tool) -> bool:
    if old.is_replaced_since():
        tool.say("the old image is put back")
        old.put_back()
    else:
        old.discard()
    return reload(tool)


def reload(tool: Tool) -> bool:
    """Load the image if it is not loaded. Returns whether a crash kernel is loaded then.

    tool -- what loads
    """
    if finished.is_loaded(tool.root) and not tool.in_doubt():
        return True
    if tool.load():
        tool.say("a crash kernel is loaded")
        return True
    if not finished.is_loaded(tool.root):
        tool.say("no crash kernel is loaded: THIS NODE WILL NOT DUMP; check the kdump service")
    return False


def clear(image: str, say: Say) -> None:
    """Finish a rebuild of an image that is not in use, or no longer.

    If the kernel of the image is gone, the old image is deleted.

    image -- its path
    say -- takes one-line texts for the administrator
    """
    old = keeper.Old(image)
    if os.path.exists(image) and not content.is_whole(image):
        say(f"{image}: a rebuild was interrupted; the old image is put back")
        old.put_back()
    else:
        old.discard()


def _has_room(folder: str, size: int) -> bool:
    """Whether there is room for two images of that size, and the file system is writable."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize >= 2 * size and not found.f_flag & os.ST_RDONLY
