from support.softlabels.capture_stage import capture_stage, here, inputs

__all__ = ["capture_stage", "here", "inputs"]
