"""Live curves: the record of each epoch in, files that DVC can draw during training out.

    LitModule.records ──after each epoch──> dvclive ──> <folder>/<fit>/plots/metrics/<measure>.tsv

`dvc plots show`, and an editor that watches DVC's plots, draw the curves while they grow. They are
no artifact of the stage: its curves are the records themselves.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import lightning
from lightning.pytorch.callbacks import Checkpoint

from stillroom.training.fit.lit_module import LitModule

if TYPE_CHECKING:
    from dvclive.live import Live

_LOG = logging.getLogger(__name__)

MEASURES = ("train_loss", "validation_nll", "validation_accuracy")


class DVCLiveCallback(Checkpoint):
    """Writes the measures of each epoch.

    It is a `Checkpoint`, because Lightning calls these after the module has judged the epoch.
    """

    def __init__(self, folder: Path) -> None:
        """Write into `folder`; its earlier curves are removed when training starts."""
        self.folder = folder
        self._live: Live | None = None
        self._written = 0

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Start the curves with the epochs of an earlier run that was stopped or killed."""
        if trainer.is_global_zero:
            self._live = _writer(self.folder)
            self._write(module)

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Add the epoch."""
        self._write(module)

    def _write(self, module: lightning.LightningModule) -> None:
        if self._live is None or not isinstance(module, LitModule):
            return
        for record in module.records[self._written :]:
            for measure in MEASURES:
                self._live.log_metric(measure, float(record[measure]))
            self._live.next_step()
        self._written = len(module.records)


def _writer(folder: Path) -> "Live | None":
    """Return dvclive's writer: no experiment, no server, no change of dvc.yaml."""
    from dvclive.live import Live

    try:
        return Live(
            str(folder),
            save_dvc_exp=False,
            dvcyaml=None,
            report=None,
            monitor_system=False,
        )
    except Exception as error:  # as in a repository without a commit; training can go on
        _LOG.warning("Live curves are off, because dvclive cannot start: %s", error)
        return None
