"""The terms that compare hidden states of student and teacher."""

from typing import TYPE_CHECKING

from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import STRICT
from stillroom.objectives.kinds.term_kind import FeatureTermKind

if TYPE_CHECKING:
    from stillroom.objectives.feature_batch import ChooseStates
    from stillroom.objectives.feature_losses import FeatureTerm


@dataclass(frozen=True, kw_only=True, config=STRICT)
class HiddenMSEKind(FeatureTermKind):
    """The squared distance of the last hidden states."""

    def build(self, choose: "ChooseStates") -> "FeatureTerm":
        """Return the term."""
        from stillroom.objectives.feature_losses import HiddenMSE

        return HiddenMSE(choose)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class HiddenCosineKind(FeatureTermKind):
    """The angle between the last hidden states."""

    def build(self, choose: "ChooseStates") -> "FeatureTerm":
        """Return the term."""
        from stillroom.objectives.feature_losses import HiddenCosine

        return HiddenCosine(choose)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class AttentionTransferKind(FeatureTermKind):
    """The maps of mean squared activations of all layers."""

    needs_positions = True

    def build(self, choose: "ChooseStates") -> "FeatureTerm":
        """Return the term, which always compares each position."""
        from stillroom.objectives.feature_losses import AttentionTransfer

        return AttentionTransfer()


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RelationalDistanceKind(FeatureTermKind):
    """The distances between the rows of a batch."""

    def build(self, choose: "ChooseStates") -> "FeatureTerm":
        """Return the term, which always compares pooled features."""
        from stillroom.objectives.relation_losses import RelationalDistance

        return RelationalDistance()


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RelationalAngleKind(FeatureTermKind):
    """The angles that triples of rows form."""

    def build(self, choose: "ChooseStates") -> "FeatureTerm":
        """Return the term, which always compares pooled features."""
        from stillroom.objectives.relation_losses import RelationalAngle

        return RelationalAngle()


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SimilarityKind(FeatureTermKind):
    """The similarities of the rows of a batch."""

    def build(self, choose: "ChooseStates") -> "FeatureTerm":
        """Return the term, which always compares pooled features."""
        from stillroom.objectives.relation_losses import SimilarityPreserving

        return SimilarityPreserving()
