"""Student gradient: the gradient of the loss on soft labels, in an untrained student.

inputs ──untrained student──> logits;  targets ──soft term──> loss ──backward──> gradient
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.assess.planning.position_sample import Positions
from stillroom.config.schema import Student

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from stillroom.data.encoders import Encoder
    from stillroom.softlabels.columns.distributions import Distributions
    from stillroom.softlabels.plan.fidelity import Gradient, MissingMass
    from stillroom.training.job import Start


def student_gradient(
    inputs: "NDArray[Any]",
    places: Positions,
    encoder: "Encoder",
    student: Student,
    start: "Start | None",
    temperature: float,
) -> "Gradient":
    """Return a function from targets to the gradient of the student's parameters.

    The untrained student runs forward once, in training mode and in float64. Each set of targets
    then takes one backward pass of the forward KL. The loss is the forward KL regardless of the
    objective, because a plan compares labels, not objectives.

    Args:
        inputs: [N, *shape], as `encoder` makes them.
        places: the positions of each input that are used.
        encoder: the encoder of the examples.
        student: the configuration of the student.
        start: the model whose weights the student starts with, if any.
        temperature: the temperature of the objective.

    Raises:
        ModelError: the architecture or its options are unknown.
    """
    import numpy as np
    import torch

    from stillroom.no_label import NO_LABEL
    from stillroom.objectives.kinds.build_term import soft_term
    from stillroom.objectives.mixture import Mixture
    from stillroom.objectives.targets.ragged_targets import RaggedTargets

    logits, weights = _looked_at(inputs, places, encoder, student, start)
    none = torch.full((len(logits),), NO_LABEL)

    def gradient(targets: "Distributions", missing_mass: "MissingMass") -> "NDArray[np.float64]":
        each = np.ones(len(targets), dtype=np.int64)  # every row has one position
        ragged = RaggedTargets.of({temperature: targets}, each, torch.float64)
        target = ragged.rows(torch.arange(len(targets)))
        term = soft_term("forward_kl", temperature, missing_mass)
        loss = Mixture(0.0, ((1.0, term),))(logits, none, target)
        gradients = torch.autograd.grad(
            loss, weights, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return np.asarray(torch.cat([one.flatten() for one in gradients]).numpy())

    return gradient


def _looked_at(
    inputs: "NDArray[Any]",
    places: Positions,
    encoder: "Encoder",
    student: Student,
    start: "Start | None",
) -> "tuple[Tensor, list[Tensor]]":
    """Return the student's logits [M, C] at M positions, and its trainable weights."""
    import torch

    from stillroom.data.encoders import SequenceEncoder
    from stillroom.models.forward.hidden_states import logits_only
    from stillroom.models.forward.sequence_logits import logits_at
    from stillroom.models.initialise import initial_model

    path = None if start is None else Path(start.path)
    model = initial_model(student.architecture, encoder, student.seed, path).double()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(student.seed)  # for dropout
        if isinstance(encoder, SequenceEncoder):
            logits = logits_at(model, inputs, places)[:, : encoder.outputs]
        else:
            logits, _ = logits_only(model, torch.from_numpy(inputs))
    return logits, [one for one in model.parameters() if one.requires_grad]
