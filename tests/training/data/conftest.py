"""Examples in five files and their soft labels, shared by several test modules."""

import pytest
from support.examples.image_examples import ImageExamples
from support.training.dataset_factories import five_files, uneven_labels

from stillroom.softlabels.reading.label_set import SoftLabelSet


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ImageExamples:
    return five_files(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def labels(made: ImageExamples, tmp_path_factory: pytest.TempPathFactory) -> SoftLabelSet:
    return uneven_labels(made, tmp_path_factory.mktemp("labels"))
