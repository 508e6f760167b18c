"""Checkpoints and the device.

Nothing may leave the machine: the Hub's library reads these switches when it is imported, so they
are set here, before any module that imports it.
"""

import os

for _switch in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
    os.environ.setdefault(_switch, "1")
