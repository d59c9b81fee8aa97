"""A data plane reports to nobody that its Binding does not name."""

import subprocess
import sys

CODE = """
import os
import sys
import ringfence_dataplane.models
assert "onnxruntime" not in sys.modules, "it was imported too early to be told"
import ringfence_dataplane.models.minilm
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""


def test_onnxruntime_is_told_to_report_nothing_before_it_is_imported() -> None:
    told = subprocess.run([sys.executable, "-c", CODE], env={}, capture_output=True, text=True, timeout=60, check=True)

    assert told.stdout.strip() == "1"
