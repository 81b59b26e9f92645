"""Live curves: an epoch's record in, files that DVC draws while training goes on, out.

    Learner.records ──after each epoch──> dvclive ──> <folder>/<fit>/plots/metrics/<measure>.tsv

`dvc plots show`, and an editor that watches DVC's plots, draw them as they grow. They are for
looking at, and no artifact: the curves that a stage leaves are the records themselves.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import lightning
from lightning.pytorch.callbacks import Checkpoint

from stillroom.training.fit.lit_module import Learner

if TYPE_CHECKING:
    from dvclive.live import Live

_LOG = logging.getLogger(__name__)

MEASURES = ("train_loss", "validation_nll", "validation_accuracy")


class LiveCurves(Checkpoint):
    """Writes what an epoch came to.

    A `Checkpoint` is what Lightning calls after the learner has judged the epoch.
    """

    def __init__(self, folder: Path) -> None:
        """Write into `folder`, whose earlier curves are removed once training starts."""
        self.folder = folder
        self._live: Live | None = None
        self._shown = 0

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Begin the curves, with the epochs of before a kill."""
        if trainer.is_global_zero:
            self._live = _begun(self.folder)
            self._show(module)

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Add the epoch."""
        self._show(module)

    def _show(self, module: lightning.LightningModule) -> None:
        if self._live is None or not isinstance(module, Learner):
            return
        for record in module.records[self._shown :]:
            for measure in MEASURES:
                self._live.log_metric(measure, float(record[measure]))
            self._live.next_step()
        self._shown = len(module.records)


def _begun(folder: Path) -> "Live | None":
    """Return dvclive's writer, which tracks nothing, asks nobody and leaves dvc.yaml alone."""
    from dvclive.live import Live

    try:
        return Live(
            str(folder),
            save_dvc_exp=False,
            dvcyaml=None,
            report=None,
            monitor_system=False,
        )
    except Exception as error:  # a repository without a commit, say: nothing to stop training for
        _LOG.warning("no live curves: %s", error)
        return None
