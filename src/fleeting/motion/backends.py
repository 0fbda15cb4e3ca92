"""Dense flow by name: what the inputs of systems are made with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fleeting.core import InputError, UnknownNameError
from fleeting.motion.flow import dis_flow
from fleeting.motion.learned import FACTS_FILE, SHIPPED, FlowNetwork
from fleeting.motion.roi_flow import farneback_flow

FLOWS = ("dis", "farneback", "learnt")
USUAL_FLOW = FLOWS[0]


@dataclass(frozen=True, slots=True)
class FlowBackend:
    """One way to measure flow.

    Parameters
    ----------
    name
        ``dis``, ``farneback``, ``learnt``, or the absolute path of a network's folder.
    version
        What of it the code and OpenCV's version do not tell: the sha256 of a network's file, else empty.
        Caches take it into their keys.
    measure
        Two ``(H, W)`` uint8 grey pictures -> ``(H, W, 2)`` float32 pixels, x right, y down.
    """

    name: str
    version: str
    measure: Callable[[np.ndarray, np.ndarray], np.ndarray]


@cache
def find_flow(name: str) -> FlowBackend:
    """Look a way to measure flow up; a network is loaded once for each process.

    Parameters
    ----------
    name
        ``dis``; ``farneback``; ``learnt``, the network that ships; or a folder that `fleeting train srflow`
        wrote.

    Raises
    ------
    UnknownNameError
        Where it is none of them.
    InputError
        Where the folder's network is damaged.

    Examples
    --------
    >>> find_flow("dis").measure is dis_flow, find_flow("dis").version
    (True, '')
    >>> find_flow("learnt").measure(*np.zeros((2, 64, 64), np.uint8)).shape
    (64, 64, 2)
    """
    classical = {"dis": dis_flow, "farneback": farneback_flow}
    if name in classical:
        return FlowBackend(name, "", classical[name])
    if name == SHIPPED:
        network = FlowNetwork()
        return FlowBackend(name, network.use.sha256, network)
    folder = Path(name)
    if not folder.is_dir():
        raise UnknownNameError(f"unknown flow {name!r}; expected {', '.join(FLOWS)}, or a network's folder")
    if not (folder / FACTS_FILE).is_file():
        raise InputError(
            folder, "holds no network of flow", "give a folder that `fleeting train srflow` wrote"
        )
    network = FlowNetwork(folder)
    return FlowBackend(str(folder.resolve()), network.use.sha256, network)
