import pytest
from support.evaluation.token_predictions import Predicted, predicted_in


@pytest.fixture(scope="package")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> Predicted:
    """Return language models of a small corpus with their predictions."""
    return predicted_in(tmp_path_factory.mktemp("predicted"))
