from support.models.onnx_teachers import export, exported
from support.softlabels.capture_stage import capture_stage, here, inputs

__all__ = ["capture_stage", "export", "exported", "here", "inputs"]
